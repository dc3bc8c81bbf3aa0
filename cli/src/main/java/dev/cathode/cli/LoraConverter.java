package dev.cathode.cli;

import dev.cathode.weights.LoraOption;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// `FILE` or `FILE:SCALE`. A file whose name has a colon is taken for what it is.
final class LoraConverter implements ITypeConverter<LoraOption> {
    @Override
    public LoraOption convert(String value) {
        int colon = value.lastIndexOf(':');
        if (Files.exists(Path.of(value)) || colon < 1) {
            return new LoraOption(Path.of(value), 1);
        }
        try {
            return new LoraOption(Path.of(value.substring(0, colon)), Double.parseDouble(value.substring(colon + 1)));
        } catch (NumberFormatException e) {
            throw new TypeConversionException("'" + value.substring(colon + 1) + "' is no number; expected FILE[:SCALE]");
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }
}
