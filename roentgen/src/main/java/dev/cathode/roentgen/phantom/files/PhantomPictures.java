package dev.cathode.roentgen.phantom.files;

import dev.cathode.engine.data.ImageTextDataset;
import dev.cathode.engine.image.RgbImage;
import dev.cathode.roentgen.data.Split;
import dev.cathode.roentgen.phantom.Phantom;
import dev.cathode.roentgen.phantom.Radiograph;
import dev.cathode.roentgen.phantom.View;
import dev.cathode.roentgen.phantom.draw.PhantomRenderer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Phantoms as training reads them, drawn when they are asked for: nothing is stored. Films are square.
public final class PhantomPictures implements ImageTextDataset {
    private record Entry(Phantom phantom, Radiograph radiograph) { }

    private final String description;
    private final List<Entry> entries;
    private final int size;

    /// The films of the first studies of a seed.
    ///
    /// @param studies how many studies to look at, before the ones of other splits are left out
    /// @param views the views to keep
    /// @param splits whose patients to keep
    /// @param size pixels a side
    public PhantomPictures(long seed, int studies, Set<View> views, Set<Split> splits, int size) {
        description = studies + " phantom studies of seed " + seed;
        this.size = size;
        entries = new ArrayList<>();
        for (int i = 0; i < studies; i++) {
            Phantom phantom = Phantom.of(seed, i, views);
            if (splits.contains(phantom.split())) {
                phantom.radiographs().forEach(radiograph -> entries.add(new Entry(phantom, radiograph)));
            }
        }
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public int size() {
        return entries.size();
    }

    @Override
    public String id(int index) {
        return entries.get(index).radiograph.dicomId();
    }

    @Override
    public String caption(int index) {
        return entries.get(index).phantom.impression();
    }

    /// The study that a picture belongs to: findings, labels, patient.
    public Phantom phantom(int index) {
        return entries.get(index).phantom;
    }

    @Override
    public RgbImage image(int index) {
        Entry entry = entries.get(index);
        return PhantomRenderer.render(entry.phantom, entry.radiograph, size, size).toRgb();
    }
}
