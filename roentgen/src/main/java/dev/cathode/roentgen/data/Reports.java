package dev.cathode.roentgen.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/// The radiologists' reports of MIMIC-CXR, a text for each study. May be read by several threads.
public sealed interface Reports extends AutoCloseable {
    /// The reports of a folder that has `files/p10/…` in it, or of the set's `mimic-cxr-reports.zip`.
    ///
    /// @throws IOException if there is neither, or the zip file is broken
    static Reports open(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            return new Folder(path);
        }
        if (!Files.exists(path)) {
            throw new NoSuchFileException(path.toString());
        }
        try {
            return new Zip(path, new ZipFile(path.toFile()));
        } catch (ZipException e) {
            throw new IOException(path + ": neither a folder with reports nor a zip file: " + e.getMessage(), e);
        }
    }

    /// The reports of a folder of MIMIC-CXR-JPG to which they were added: `mimic-cxr-reports.zip` in it, else files.
    static Reports in(Path root) throws IOException {
        Path zip = root.resolve("mimic-cxr-reports.zip");
        return open(Files.exists(zip) ? zip : root);
    }

    /// Where a report is, or would be.
    Path path(int subjectId, int studyId);

    /// The text of a report; empty if there is none.
    ///
    /// @throws IOException if it cannot be read or is not UTF-8
    Optional<String> text(int subjectId, int studyId) throws IOException;

    @Override
    void close() throws IOException;

    /// Reports as files.
    record Folder(Path root) implements Reports {
        @Override
        public Path path(int subjectId, int studyId) {
            return root.resolve(MimicPaths.report(subjectId, studyId));
        }

        @Override
        public Optional<String> text(int subjectId, int studyId) throws IOException {
            try {
                return Optional.of(decode(Files.readAllBytes(path(subjectId, studyId))));
            } catch (NoSuchFileException e) {
                return Optional.empty();
            }
        }

        @Override
        public void close() { }
    }

    /// Reports in a zip file.
    record Zip(Path file, ZipFile zip) implements Reports {
        @Override
        public Path path(int subjectId, int studyId) {
            return file.resolve(MimicPaths.report(subjectId, studyId));
        }

        @Override
        public Optional<String> text(int subjectId, int studyId) throws IOException {
            ZipEntry entry = zip.getEntry(MimicPaths.report(subjectId, studyId));
            if (entry == null) {
                return Optional.empty();
            }
            try (InputStream in = zip.getInputStream(entry)) {
                return Optional.of(decode(in.readAllBytes()));
            }
        }

        @Override
        public void close() throws IOException {
            zip.close();
        }
    }

    private static String decode(byte[] bytes) throws IOException {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw new IOException("not UTF-8 text", e);
        }
    }
}
