package dev.cathode.engine.train.recipe;


/// The optimizer: the key `optimizer` and those that only one of them has. The keys of the other one may be there; they
/// are checked and have no effect.
public sealed interface OptimizerSettings {
    /// The optimizers by their name in a recipe.
    enum Kind {
        ADAMW, SGD
    }

    /// Adam with decoupled weight decay on every parameter
    /// ([Loshchilov and Hutter](https://arxiv.org/abs/1711.05101)).
    record AdamW(double beta1, double beta2, double weightDecay, double epsilon) implements OptimizerSettings {
        public AdamW {
            requireDecay("adam_beta1", beta1);
            requireDecay("adam_beta2", beta2);
            Require.notNegative("adam_weight_decay", weightDecay);
            Require.positive("adam_epsilon", epsilon);
        }
    }

    /// Steps against the gradient, or against its running sum.
    ///
    /// @param momentum what is left of the running sum at each step; 0: there is none
    record Sgd(double momentum) implements OptimizerSettings {
        public Sgd {
            requireDecay("momentum", momentum);
        }
    }

    private static void requireDecay(String key, double value) {
        if (!(value >= 0 && value < 1)) {
            throw new IllegalArgumentException(key + " must be at least 0 and below 1: " + value);
        }
    }
}
