package dev.cathode.kernels.cuda;

/// Lookups of rows by 32-bit ids in the device's memory, on one type of numbers. Ids outside their table cannot be
/// refused on a device: they read nothing, and their rows become NaN.
public final class CudaEmbedding {
    private final KernelLauncher launcher;
    private final KernelSource source;
    private final Element element;

    /// Lookups in tables of `element`.
    public CudaEmbedding(KernelLauncher launcher, Element element) {
        this.launcher = launcher;
        this.element = element;
        source = KernelSource.of("embedding.cu").with(element);
    }

    /// `y[r] = table[ids[r]]`, rows of `columns` numbers.
    public void embedding(long table, long ids, long y, int tableRows, long rows, int columns) {
        launch("embedding", rows * columns, Grids.lanes(element), new KernelArguments().pointer(table).pointer(ids)
                .pointer(y).int32(tableRows).int64(rows).int32(columns).int32(Grids.wide(element, columns, table | y)));
    }

    /// Of [#embedding]: `dTable[v] = Σ dy[r]` over the rows r with id v, in their order.
    ///
    /// @param dTable result, `[tableRows, columns]`, float32, written completely
    /// @param paddingIndex row of the table that gets no gradient, or -1
    public void embeddingGradient(long ids, long dy, long dTable, int rows, int tableRows, int columns,
                                  int paddingIndex) {
        launch("embedding_gradient", 32L * tableRows, 1, new KernelArguments().pointer(ids).pointer(dy).pointer(dTable)
                .int32(rows).int32(tableRows).int32(columns).int32(paddingIndex));
    }

    /// The row of each sample that `positions[n]` names: `[batch, length, columns]` to `[batch, columns]`.
    public void gatherRows(long x, long positions, long y, int batch, int length, int columns) {
        launch("gather_rows", (long) batch * columns, 1, new KernelArguments().pointer(x).pointer(positions).pointer(y)
                .int32(batch).int32(length).int32(columns));
    }

    /// Of [#gatherRows]: zeros but for the row that `positions[n]` names.
    public void gatherRowsGradient(long positions, long dy, long dx, int batch, int length, int columns) {
        launch("gather_rows_gradient", (long) batch * length * columns, 1, new KernelArguments().pointer(positions)
                .pointer(dy).pointer(dx).int32(batch).int32(length).int32(columns));
    }

    /// Sinusoidal embedding of timesteps `[rows]` (float32) to `[rows, columns]`, as diffusers'
    /// `get_timestep_embedding`, computed in float64.
    ///
    /// @param cosineFirst diffusers' `flip_sin_to_cos`
    public void sinusoid(long timesteps, long y, int rows, int columns, boolean cosineFirst, double freqShift,
                         double maxPeriod) {
        launch("sinusoid", (long) rows * columns, 1, new KernelArguments().pointer(timesteps).pointer(y).int32(rows)
                .int32(columns).int32(cosineFirst ? 1 : 0).float64(freqShift).float64(maxPeriod));
    }

    private void launch(String entry, long count, int each, KernelArguments arguments) {
        if (count > 0) {
            launcher.launch(new Kernel(source, entry), Grids.strided(launcher, count, each), arguments);
        }
    }
}
