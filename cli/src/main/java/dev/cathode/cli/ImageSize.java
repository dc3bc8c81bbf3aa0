package dev.cathode.cli;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// The size of a picture in pixels, as `--size` takes it: `512x384` is 512 wide and 384 high, `512` is square.
record ImageSize(int width, int height) {
    private static final Pattern FORM = Pattern.compile("([1-9]\\d{0,4})(?:[x×]([1-9]\\d{0,4}))?");

    /// Reads the form above.
    ///
    /// @throws IllegalArgumentException if it is another form
    static ImageSize parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("'" + text + "' is not a size like 512x384");
        }
        int width = Integer.parseInt(matcher.group(1));
        return new ImageSize(width, matcher.group(2) == null ? width : Integer.parseInt(matcher.group(2)));
    }

    /// The largest size of whole multiples that fits into this one.
    ImageSize whole(int multiple) {
        return new ImageSize(width / multiple * multiple, height / multiple * multiple);
    }

    /// For picocli.
    static final class Converter implements ITypeConverter<ImageSize> {
        @Override
        public ImageSize convert(String text) {
            try {
                return parse(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    @Override
    public String toString() {
        return width + "x" + height;
    }
}
