package dev.cathode.kernels.cuda.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CacheFolderTest {
    private static final Path HOME = Path.of("/home/someone");

    @Test
    void theFirstThatIsSetWins() {
        assertEquals(Path.of("/own"), CacheFolder.of(Map.of("CATHODE_CACHE", "/own", "XDG_CACHE_HOME", "/xdg"), HOME));
        assertEquals(Path.of("/xdg/cathode"), CacheFolder.of(Map.of("XDG_CACHE_HOME", "/xdg"), HOME));
        assertEquals(HOME.resolve(".cache/cathode"), CacheFolder.of(Map.of(), HOME));
    }

    @Test
    void whatIsNotAFolderDoesNotCount() {
        assertEquals(HOME.resolve(".cache/cathode"),
                CacheFolder.of(Map.of("CATHODE_CACHE", " ", "XDG_CACHE_HOME", "relative"), HOME));
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class,
                () -> CacheFolder.of(Map.of("CATHODE_CACHE", "a\0b"), HOME));
        assertTrue(e.getMessage().contains("CATHODE_CACHE"), e.getMessage());
    }
}
