package dev.cathode.kernels.cuda.driver;

/// What to do about the errors of the driver that people can do something about.
final class DriverAdvice {
    private DriverAdvice() { }

    /// Half a sentence, or nothing.
    static String of(int code) {
        return switch (code) {
            case 2 -> "use a smaller batch or size, a narrower dtype, or end what else runs on this GPU";
            case 34 -> "this libcuda.so.1 is the toolkit's stub, not a driver: take its folder off the loader's path";
            case 46 -> "another process holds this GPU for itself";
            case 100 -> "no GPU is visible: check nvidia-smi, CUDA_VISIBLE_DEVICES and the container's --gpus";
            case 101 -> "there is no GPU of that index";
            case 200, 209, 218, 222 -> "the driver is older than what this was compiled for: update it, or use CUDA 12's"
                    + " libraries with it";
            case 802 -> "the GPUs' fabric manager is not running";
            case 803, 804 -> "the driver's kernel module and its libcuda.so.1 are of different versions: restart the"
                    + " machine after an update of the driver";
            case 999 -> "see the system's log (dmesg); a restart of the machine often helps";
            default -> "";
        };
    }
}
