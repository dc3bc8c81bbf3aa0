package dev.cathode.engine.graph;

import java.util.List;

/// How a smaller value is repeated over a larger one: `a[outer][middle][inner]` meets `b[outer][inner]`.
///
/// @param outer axes both have, in front
/// @param middle axes over which b is repeated
/// @param inner axes both have, at the end
public record Broadcast(int outer, int middle, int inner) {
    /// Works out the repetition.
    ///
    /// @throws IllegalArgumentException if b does not fit a, or the repeated axes are not neighbours
    public static Broadcast of(Shape a, Shape b) {
        List<Integer> large = a.dims();
        int missing = a.rank() - b.rank();
        if (missing >= 0) {
            int start = 0;
            while (start < large.size() && start >= missing && large.get(start).equals(b.dim(start - missing))) {
                start++;
            }
            int end = large.size();
            while (end > start && end > missing && large.get(end - 1).equals(b.dim(end - 1 - missing))) {
                end--;
            }
            boolean repeated = true;
            for (int axis = Math.max(start, missing); axis < end; axis++) {
                repeated &= b.dim(axis - missing) == 1;
            }
            if (repeated) {
                return new Broadcast(a.product(0, start), a.product(start, end), a.product(end, large.size()));
            }
        }
        throw new IllegalArgumentException("shape " + b + " cannot be repeated over " + a
                + ": its axes must be equal or 1, and the repeated ones neighbours");
    }

    /// Whether nothing is repeated.
    public boolean isNone() {
        return middle == 1;
    }
}
