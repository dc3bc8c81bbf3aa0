package dev.cathode.weights.file;

import dev.cathode.weights.CheckpointException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// JSON as weight files use it, read strictly: valid UTF-8, no key twice, little nesting, numbers of sane length.
public final class Json {
    private static final int MAX_NESTING = 64;
    private static final int MAX_NUMBER = 64;
    private static final int MAX_NAME = 1 << 20;
    private static final int MAX_TEXT = 100 << 20;
    private static final int MAX_FILE = 32 << 20;

    private static final JsonFactory FACTORY = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(MAX_NESTING)
                    .maxNumberLength(MAX_NUMBER).maxNameLength(MAX_NAME).maxStringLength(MAX_TEXT).build())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .disable(TokenStreamFactory.Feature.INTERN_PROPERTY_NAMES)
            .disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
            .build();
    /// Python writes Infinity and NaN, and configurations hold them.
    private static final JsonMapper MAPPER = JsonMapper.builder(FACTORY.rebuild()
                    .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

    private Json() {
    }

    /// The text of bytes that must be UTF-8.
    ///
    /// @throws CharacterCodingException if they are not
    public static String utf8(byte[] bytes) throws CharacterCodingException {
        return StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT).decode(ByteBuffer.wrap(bytes)).toString();
    }

    /// Tokens of a text; errors are [JacksonException]s.
    public static JsonParser tokens(String text) {
        return FACTORY.createParser(ObjectReadContext.empty(), text);
    }

    /// A JSON file as a tree; numbers may be `Infinity`, `-Infinity` and `NaN`.
    ///
    /// @throws CheckpointException if it cannot be read or is no JSON
    public static JsonNode read(Path path) {
        try {
            if (Files.size(path) > MAX_FILE) {
                throw new CheckpointException(path + ": " + Files.size(path) + " bytes are too many for a JSON file");
            }
            return parse(utf8(Files.readAllBytes(path)), path.toString());
        } catch (NoSuchFileException e) {
            throw new CheckpointException(path + ": no such file", e);
        } catch (CharacterCodingException e) {
            throw new CheckpointException(path + ": is not valid UTF-8", e);
        } catch (IOException e) {
            throw new CheckpointException(path + ": cannot be read: " + e, e);
        }
    }

    /// A JSON text as a tree; numbers may be `Infinity`, `-Infinity` and `NaN`.
    ///
    /// @param source where it comes from, for messages
    /// @throws CheckpointException if it is no JSON
    public static JsonNode parse(String text, String source) {
        try {
            return MAPPER.readTree(text);
        } catch (JacksonException e) {
            throw new CheckpointException(source + ": is not valid JSON: " + reason(e), e);
        }
    }

    /// One line that says what is wrong with the JSON and where.
    public static String reason(JacksonException e) {
        String message = Quote.of(e.getOriginalMessage());
        return e.getLocation() == null ? message
                : message + " at line " + e.getLocation().getLineNr() + ", column " + e.getLocation().getColumnNr();
    }
}
