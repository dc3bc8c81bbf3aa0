package dev.cathode.engine.train;

import dev.cathode.engine.data.ImageTextDataset;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// Tells whether data are the same as before without reading a picture.
public final class DataDigest {
    private DataDigest() {
    }

    /// SHA-256 over the names and captions, in order.
    public static String of(ImageTextDataset data) {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
        for (int i = 0; i < data.size(); i++) {
            add(digest, data.id(i));
            add(digest, data.caption(i));
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static void add(MessageDigest digest, String text) {
        digest.update(text.getBytes(StandardCharsets.UTF_8));
        digest.update((byte) 0);
    }
}
