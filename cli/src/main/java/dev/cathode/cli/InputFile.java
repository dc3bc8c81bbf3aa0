package dev.cathode.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// A file that a picture is made from, and what was in it.
///
/// @param name its name without folders
/// @param sha256 of its bytes, in hexadecimal
record InputFile(String name, String sha256) {
    /// Reads a file.
    ///
    /// @throws IOException if it cannot be read
    static InputFile of(Path file) throws IOException {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            return new InputFile(file.getFileName().toString(),
                    HexFormat.of().formatHex(digest.digest(Files.readAllBytes(file))));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java runtime has it
        }
    }
}
