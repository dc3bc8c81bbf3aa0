package dev.cathode.engine.train.recipe;

import dev.cathode.engine.train.EmaDecay;
import java.util.Optional;

/// Reads and writes the keys of the exponential moving average. Without `use_ema` they are checked and have no effect.
final class EmaFields {
    private EmaFields() {
    }

    static Optional<EmaDecay> read(RecipeFields fields) {
        double decay = fields.number("ema_decay", 0.9999);
        double minDecay = fields.number("ema_min_decay", 0);
        Require.fraction("ema_decay", decay);
        Require.fraction("ema_min_decay", minDecay);
        EmaDecay ema = new EmaDecay(decay, minDecay, fields.whole("ema_update_after_step", 0),
                fields.flag("use_ema_warmup", false), fields.number("ema_inv_gamma", 1),
                fields.number("ema_power", 2.0 / 3));
        return fields.flag("use_ema", false) ? Optional.of(ema) : Optional.empty();
    }

    static void write(Optional<EmaDecay> ema, RecipeWriter out) {
        out.put("use_ema", ema.isPresent());
        ema.ifPresent(e -> out.put("ema_decay", e.decay()).put("ema_min_decay", e.minDecay())
                .put("ema_update_after_step", e.updateAfterStep()).put("use_ema_warmup", e.useEmaWarmup())
                .put("ema_inv_gamma", e.invGamma()).put("ema_power", e.power()));
    }
}
