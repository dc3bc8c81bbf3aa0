package dev.cathode.roentgen.phantom.files;

import dev.cathode.engine.image.RgbImage;
import dev.cathode.roentgen.phantom.Finding;
import dev.cathode.roentgen.phantom.Observation;
import dev.cathode.roentgen.phantom.Phantom;
import dev.cathode.roentgen.phantom.Radiograph;
import dev.cathode.roentgen.phantom.View;
import dev.cathode.roentgen.phantom.draw.GrayImage;
import dev.cathode.roentgen.phantom.draw.PhantomRenderer;
import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// A grid of phantoms with their impressions, for people to look at. Among a seed's first phantoms it takes those that
/// show something that the ones before did not.
public final class ContactSheet {
    private static final int SEARCHED = 2000;
    private static final int LINES = 3;
    private static final int GAP = 6;

    private ContactSheet() { }

    /// Draws the sheet.
    ///
    /// @param count how many films
    /// @param size pixels of a film's side
    public static RgbImage draw(long seed, int count, int size, Set<View> views) {
        List<Phantom> phantoms = choose(seed, count, views);
        int columns = (int) Math.ceil(Math.sqrt(count * 1.4));
        int rows = (count + columns - 1) / columns;
        int font = Math.max(9, size / 17);
        int cell = size + LINES * (font + 3) + GAP;
        BufferedImage sheet = new BufferedImage(columns * (size + GAP) + GAP, rows * (cell + GAP) + GAP,
                BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = sheet.createGraphics();
        graphics.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, sheet.getWidth(), sheet.getHeight());
        graphics.setColor(Color.BLACK);
        graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, font));
        for (int i = 0; i < phantoms.size(); i++) {
            int x = GAP + i % columns * (size + GAP);
            int y = GAP + i / columns * (cell + GAP);
            Phantom phantom = phantoms.get(i);
            List<Radiograph> films = phantom.radiographs();
            picture(sheet, PhantomRenderer.render(phantom, films.get(i % 7 == 5 ? films.size() - 1 : 0), size, size),
                    x, y);
            caption(graphics, phantom.impression(), x, y + size + font + 2, size, font + 3);
        }
        graphics.dispose();
        return rgb(sheet);
    }

    private static List<Phantom> choose(long seed, int count, Set<View> views) {
        List<Phantom> chosen = new ArrayList<>();
        List<Phantom> others = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < SEARCHED && chosen.size() < count; i++) {
            Phantom phantom = Phantom.of(seed, i, views);
            boolean few = phantom.observations().size() < 2 || chosen.size() > count * 2 / 3;
            boolean isNew = few && phantom.impression().length() < 90 && seen.add(kind(phantom));
            (isNew ? chosen : others).add(phantom);
        }
        for (int i = 0; chosen.size() < count && i < others.size(); i++) {
            chosen.add(others.get(i));
        }
        return chosen;
    }

    /// What a phantom shows, roughly.
    private static String kind(Phantom phantom) {
        StringBuilder kind = new StringBuilder();
        for (Observation observation : phantom.observations()) {
            Finding finding = observation.finding();
            kind.append(finding.getClass().getSimpleName());
            switch (finding) {
                case Finding.Effusion f -> kind.append(f.side()).append(f.size());
                case Finding.Pneumothorax f -> kind.append(f.side());
                case Finding.Cardiomegaly f -> kind.append(f.size());
                default -> kind.append(' ');
            }
        }
        return kind.toString();
    }

    private static void picture(BufferedImage sheet, GrayImage film, int x, int y) {
        for (int row = 0; row < film.height(); row++) {
            for (int column = 0; column < film.width(); column++) {
                sheet.setRGB(x + column, y + row, film.at(column, row) * 0x010101);
            }
        }
    }

    private static void caption(Graphics2D graphics, String text, int x, int y, int width, int lineHeight) {
        FontMetrics metrics = graphics.getFontMetrics();
        int line = 0;
        String rest = text;
        while (!rest.isEmpty() && line < LINES) {
            int end = rest.length();
            while (metrics.stringWidth(rest.substring(0, end)) > width) {
                int space = rest.lastIndexOf(' ', end - 1);
                end = space > 0 ? space : end - 1;
            }
            graphics.drawString(rest.substring(0, end), x, y + line * lineHeight);
            rest = rest.substring(end).strip();
            line++;
        }
    }

    private static RgbImage rgb(BufferedImage sheet) {
        int width = sheet.getWidth();
        int height = sheet.getHeight();
        byte[] pixels = new byte[3 * width * height];
        for (int i = 0; i < width * height; i++) {
            int color = sheet.getRGB(i % width, i / width);
            pixels[3 * i] = (byte) (color >> 16);
            pixels[3 * i + 1] = (byte) (color >> 8);
            pixels[3 * i + 2] = (byte) color;
        }
        return new RgbImage(width, height, pixels);
    }
}
