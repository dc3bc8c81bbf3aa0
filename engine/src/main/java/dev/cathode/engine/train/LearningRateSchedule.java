package dev.cathode.engine.train;

import java.util.List;

/// The learning rate of a step: those of `diffusers.optimization.get_scheduler`, and PyTorch's `CyclicLR`.
///
/// All are pure functions in float64 of the optimizer step's number, so that a resumed run needs no state of them.
/// With a warm-up of `n` steps, step `i < n` uses `i / n` of the learning rate: step 0 changes nothing but what weight
/// decay and the moments do.
public sealed interface LearningRateSchedule {
    /// The learning rate that an optimizer step uses.
    ///
    /// @param step the number of the step, from 0
    double at(long step);

    /// Always the same.
    record Constant(double learningRate) implements LearningRateSchedule {
        public Constant {
            requireRate(learningRate);
        }

        @Override
        public double at(long step) {
            return learningRate;
        }
    }

    /// Always the same after a linear warm-up.
    record ConstantWithWarmup(double learningRate, long warmupSteps) implements LearningRateSchedule {
        public ConstantWithWarmup {
            requireRate(learningRate);
            requireSteps(warmupSteps);
        }

        @Override
        public double at(long step) {
            return step < warmupSteps ? warmup(learningRate, step, warmupSteps) : learningRate;
        }
    }

    /// Falls on a line to 0 at the last step and stays there.
    record Linear(double learningRate, long warmupSteps, long trainingSteps) implements LearningRateSchedule {
        public Linear {
            requireRate(learningRate);
            requireSteps(warmupSteps);
            requireSteps(trainingSteps);
        }

        @Override
        public double at(long step) {
            if (step < warmupSteps) {
                return warmup(learningRate, step, warmupSteps);
            }
            double left = (double) (trainingSteps - step) / Math.max(1, trainingSteps - warmupSteps);
            return learningRate * Math.max(0, left);
        }
    }

    /// Falls to 0 along half a cosine; beyond the last step it rises again, as in diffusers.
    record Cosine(double learningRate, long warmupSteps, long trainingSteps) implements LearningRateSchedule {
        public Cosine {
            requireRate(learningRate);
            requireSteps(warmupSteps);
            requireSteps(trainingSteps);
        }

        @Override
        public double at(long step) {
            return step < warmupSteps ? warmup(learningRate, step, warmupSteps)
                    : learningRate * halfCosine(progress(step, warmupSteps, trainingSteps));
        }
    }

    /// Several half cosines one after the other, each from the whole learning rate.
    record CosineWithRestarts(double learningRate, long warmupSteps, long trainingSteps, int cycles)
            implements LearningRateSchedule {
        public CosineWithRestarts {
            requireRate(learningRate);
            requireSteps(warmupSteps);
            requireSteps(trainingSteps);
            if (cycles < 1) {
                throw new IllegalArgumentException("at least 1 cycle is needed: " + cycles);
            }
        }

        @Override
        public double at(long step) {
            if (step < warmupSteps) {
                return warmup(learningRate, step, warmupSteps);
            }
            double progress = progress(step, warmupSteps, trainingSteps);
            return progress >= 1 ? 0 : learningRate * halfCosine(cycles * progress % 1);
        }
    }

    /// Falls along a power of the remaining part to [#END] and stays there.
    record Polynomial(double learningRate, long warmupSteps, long trainingSteps, double power)
            implements LearningRateSchedule {
        /// The learning rate at the end, diffusers' `lr_end`.
        public static final double END = 1e-7;

        public Polynomial {
            requireRate(learningRate);
            requireSteps(warmupSteps);
            requireSteps(trainingSteps);
            if (learningRate <= END) {
                throw new IllegalArgumentException("a polynomial schedule ends at " + END
                        + "; the learning rate must be larger: " + learningRate);
            }
            if (!(power > 0)) {
                throw new IllegalArgumentException("the power must be positive: " + power);
            }
        }

        @Override
        public double at(long step) {
            if (step < warmupSteps) {
                return warmup(learningRate, step, warmupSteps);
            }
            if (step >= trainingSteps) {
                return END;
            }
            double left = 1 - (double) (step - warmupSteps) / (trainingSteps - warmupSteps);
            return (learningRate - END) * Math.pow(left, power) + END;
        }
    }

    /// Multiples of the learning rate, each up to a step, as diffusers' `step_rules`.
    ///
    /// @param pieces ordered by their end; each holds for the steps below it
    /// @param last the multiple after all of them
    record PiecewiseConstant(double learningRate, List<Piece> pieces, double last) implements LearningRateSchedule {
        /// @param multiple of the learning rate
        /// @param end the first step it no longer holds for
        public record Piece(double multiple, long end) {
            public Piece {
                requireMultiple(multiple);
                requireSteps(end);
            }
        }

        public PiecewiseConstant {
            requireRate(learningRate);
            requireMultiple(last);
            pieces = List.copyOf(pieces);
            for (int i = 1; i < pieces.size(); i++) {
                if (pieces.get(i).end <= pieces.get(i - 1).end) {
                    throw new IllegalArgumentException("the steps of the pieces must increase: "
                            + pieces.get(i - 1).end + ", " + pieces.get(i).end);
                }
            }
        }

        /// Reads `1:10,0.1:20,0.01`: 1 for the first 10 steps, 0.1 up to step 20, then 0.01.
        ///
        /// @throws IllegalArgumentException if the rules cannot be understood; says how they are written
        public static PiecewiseConstant parse(double learningRate, String rules) {
            String[] parts = rules.strip().split(",", -1);
            try {
                List<Piece> pieces = List.of(parts).subList(0, parts.length - 1).stream().map(rule -> {
                    String[] sides = rule.split(":", -1);
                    if (sides.length != 2) {
                        throw new NumberFormatException(rule);
                    }
                    return new Piece(Double.parseDouble(sides[0].strip()), Long.parseLong(sides[1].strip()));
                }).toList();
                return new PiecewiseConstant(learningRate, pieces,
                        Double.parseDouble(parts[parts.length - 1].strip()));
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException("step rules are written multiple:step,...,multiple, for example "
                        + "1:10,0.1:20,0.01; not " + rules, e);
            }
        }

        @Override
        public double at(long step) {
            for (Piece piece : pieces) {
                if (step < piece.end) {
                    return learningRate * piece.multiple;
                }
            }
            return learningRate * last;
        }
    }

    /// Rises and falls between two learning rates: PyTorch's `CyclicLR`
    /// ([Smith 2015](https://arxiv.org/abs/1506.01186)).
    ///
    /// @param stepsUp of each cycle, in which the learning rate rises
    /// @param stepsDown of each cycle, in which it falls
    /// @param gamma of [Mode#EXP_RANGE]; 1 otherwise
    record Cyclic(double base, double max, long stepsUp, long stepsDown, Mode mode, double gamma)
            implements LearningRateSchedule {
        /// What becomes of the height from cycle to cycle.
        public enum Mode {
            /// It stays.
            TRIANGULAR,
            /// It halves.
            TRIANGULAR2,
            /// It is multiplied by gamma each step.
            EXP_RANGE
        }

        public Cyclic {
            requireRate(base);
            requireRate(max);
            if (stepsUp < 1 || stepsDown < 1) {
                throw new IllegalArgumentException("a cycle needs at least one step up and one down: " + stepsUp
                        + " and " + stepsDown);
            }
            if (!(gamma > 0)) {
                throw new IllegalArgumentException("gamma must be positive: " + gamma);
            }
        }

        /// As many steps down as up, all cycles equal.
        public static Cyclic triangular(double base, double max, long steps) {
            return new Cyclic(base, max, steps, steps, Mode.TRIANGULAR, 1);
        }

        @Override
        public double at(long step) {
            double total = (double) stepsUp + stepsDown;
            double turn = stepsUp / total;
            double cycle = Math.floor(1 + step / total);
            double x = 1 + step / total - cycle;
            double height = (max - base) * (x <= turn ? x / turn : (x - 1) / (turn - 1));
            return base + height * switch (mode) {
                case TRIANGULAR -> 1;
                case TRIANGULAR2 -> Math.pow(2, 1 - cycle);
                case EXP_RANGE -> Math.pow(gamma, step);
            };
        }
    }

    private static double warmup(double learningRate, long step, long warmupSteps) {
        return learningRate * ((double) step / warmupSteps);
    }

    private static double progress(long step, long warmupSteps, long trainingSteps) {
        return (double) (step - warmupSteps) / Math.max(1, trainingSteps - warmupSteps);
    }

    private static double halfCosine(double progress) {
        return Math.max(0, 0.5 * (1 + Math.cos(Math.PI * progress)));
    }

    private static void requireRate(double learningRate) {
        if (!(learningRate >= 0 && learningRate < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("a learning rate is a number, 0 or more: " + learningRate);
        }
    }

    private static void requireMultiple(double multiple) {
        if (!(multiple >= 0 && multiple < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("a multiple of the learning rate is a number, 0 or more: " + multiple);
        }
    }

    private static void requireSteps(long steps) {
        if (steps < 0) {
            throw new IllegalArgumentException("a number of steps cannot be negative: " + steps);
        }
    }
}
