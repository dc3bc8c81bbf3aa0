package dev.cathode.roentgen.classify;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// What must be the same for a run to go on: network, labels, settings, and the pictures with their labels.
final class RunIdentity {
    private RunIdentity() { }

    static ObjectNode of(ClassifierConfig config, ClassifierTraining training, LabelledImages images, int[] learned,
                         int[] judged) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.set("classifier", config.toJson());
        json.set("training", training.identity());
        json.put("training_images", digest(images, learned));
        json.put("validation_images", digest(images, judged));
        return json;
    }

    private static String digest(LabelledImages images, int[] positions) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (int position : positions) {
                digest.update(images.id(position).getBytes(StandardCharsets.UTF_8));
                for (float label : images.truth(position)) {
                    digest.update(ByteBuffer.allocate(Float.BYTES).putFloat(label).array());
                }
            }
            return positions.length + " " + HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
