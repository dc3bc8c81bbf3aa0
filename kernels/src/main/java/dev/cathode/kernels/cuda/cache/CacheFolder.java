package dev.cathode.kernels.cuda.cache;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;

/// Where things are kept that can be made again: `CATHODE_CACHE`, else `cathode` in `XDG_CACHE_HOME`, else
/// `.cache/cathode` in the user's home.
public final class CacheFolder {
    private CacheFolder() { }

    /// The folder by an environment.
    ///
    /// @throws IllegalArgumentException if CATHODE_CACHE is no path
    public static Path of(Map<String, String> environment, Path home) {
        String own = environment.getOrDefault("CATHODE_CACHE", "");
        if (!own.isBlank()) {
            try {
                return Path.of(own);
            } catch (InvalidPathException e) {
                throw new IllegalArgumentException("CATHODE_CACHE is no path: " + own, e);
            }
        }
        String base = environment.getOrDefault("XDG_CACHE_HOME", "");
        // the XDG specification: a relative path is invalid and to be ignored
        return base.startsWith("/") ? Path.of(base, "cathode") : home.resolve(".cache").resolve("cathode");
    }
}
