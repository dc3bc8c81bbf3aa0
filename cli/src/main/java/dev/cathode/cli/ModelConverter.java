package dev.cathode.cli;

import dev.cathode.roentgen.phantom.PhantomModel;
import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;

/// A model: its folder or file, or the name of the one that comes with Cathode. A folder of that name is `./phantom`.
final class ModelConverter implements ITypeConverter<Path> {
    @Override
    public Path convert(String value) {
        return value.equals(PhantomModel.NAME) ? PhantomModel.folder() : Path.of(value);
    }
}
