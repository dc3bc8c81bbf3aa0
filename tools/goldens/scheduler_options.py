"""Runs of diffusers' schedulers with options that the goldens leave out, as one JSON file for the engine's tests.

    python scheduler_options.py FILE

The network is that of schedulers.py, samples are three numbers. tol: ten times the larger of the rounding of the
largest number and what one unit in the last place of the first sample makes of all samples.
"""

import json
import sys

import diffusers
import torch

from schedulers import SD, trajectory

KARRAS, EXPONENTIAL = {"use_karras_sigmas": True}, {"use_exponential_sigmas": True}
V, SAMPLE = {"prediction_type": "v_prediction"}, {"prediction_type": "sample"}
LEADING, TRAILING = {"timestep_spacing": "leading", "steps_offset": 1}, {"timestep_spacing": "trailing"}
LINSPACE, ZERO_SNR = {"timestep_spacing": "linspace"}, {"rescale_betas_zero_snr": True}
COSINE, LAST = {"beta_schedule": "squaredcos_cap_v2"}, {"final_sigmas_type": "sigma_min"}
PRK, BH1 = {"skip_prk_steps": False}, {"solver_type": "bh1"}
NOT_LOWER, ORDER1, ORDER3 = {"lower_order_final": False}, {"solver_order": 1}, {"solver_order": 3}

# Class, steps, index of the first timestep, configuration, arguments of step().
CASES = [
    ("PNDMScheduler", 7, 0, {"skip_prk_steps": True, **LINSPACE}),
    ("PNDMScheduler", 6, 0, {"skip_prk_steps": True, **TRAILING}),
    ("PNDMScheduler", 1, 0, {"skip_prk_steps": True}),
    ("PNDMScheduler", 2, 0, {"skip_prk_steps": True}),
    ("PNDMScheduler", 6, 0, {**PRK, **V, "set_alpha_to_one": True}),
    ("PNDMScheduler", 8, 3, {**PRK, **LEADING}),
    ("DDIMScheduler", 7, 0, {"clip_sample": False, **LINSPACE, **SAMPLE}),
    ("DDIMScheduler", 6, 2, {"clip_sample": True, "clip_sample_range": 0.7, **TRAILING, **V, **ZERO_SNR}),
    ("DDIMScheduler", 6, 0, {"clip_sample": False, **LEADING}, {"eta": 0.6}),
    ("DDIMScheduler", 6, 0, {"clip_sample": False, "trained_betas": [0.001 + 0.00002 * i for i in range(40)],
     "num_train_timesteps": 40}),
    ("DDPMScheduler", 6, 0, {"clip_sample": False, **LINSPACE, **V}),
    ("DDPMScheduler", 6, 1, {"clip_sample": False, **TRAILING, **SAMPLE, "variance_type": "fixed_large"}),
    ("DDPMScheduler", 6, 0, {"clip_sample": True, "clip_sample_range": 2.0, "variance_type": "fixed_small_log"}),
    ("EulerDiscreteScheduler", 7, 0, KARRAS),
    ("EulerDiscreteScheduler", 6, 0, {**EXPONENTIAL, **LEADING}),
    ("EulerDiscreteScheduler", 6, 2, {**TRAILING, **V, **ZERO_SNR}),
    ("EulerDiscreteScheduler", 6, 0, {**LAST, **SAMPLE}),
    ("EulerDiscreteScheduler", 7, 0, {**KARRAS, "sigma_min": 0.1, "sigma_max": 10.0}),
    ("EulerAncestralDiscreteScheduler", 6, 0, {**LEADING, **V}),
    ("EulerAncestralDiscreteScheduler", 6, 2, {**TRAILING, **ZERO_SNR, **V}),
    ("HeunDiscreteScheduler", 6, 0, {**KARRAS, **V}),
    ("HeunDiscreteScheduler", 5, 4, {**LEADING, **SAMPLE}),
    ("HeunDiscreteScheduler", 5, 0, {**EXPONENTIAL, **TRAILING, "clip_sample": True, "clip_sample_range": 1.5}),
    ("LMSDiscreteScheduler", 8, 0, {**KARRAS, **V}),
    ("LMSDiscreteScheduler", 8, 3, LEADING),
    ("LMSDiscreteScheduler", 6, 0, {**EXPONENTIAL, **TRAILING, **SAMPLE}),
    ("DPMSolverMultistepScheduler", 20, 0, LEADING),
    ("DPMSolverMultistepScheduler", 7, 0, {**TRAILING, **ORDER3}),
    ("DPMSolverMultistepScheduler", 18, 3, {**ORDER3, **KARRAS, **V}),
    ("DPMSolverMultistepScheduler", 6, 0, {**ORDER1, **SAMPLE}),
    ("DPMSolverMultistepScheduler", 7, 0, {"solver_type": "heun", **LAST, **NOT_LOWER}),
    ("DPMSolverMultistepScheduler", 16, 0, {**LAST, **EXPONENTIAL}),
    ("DPMSolverMultistepScheduler", 16, 0, {**LAST, "euler_at_final": True}),
    ("DPMSolverMultistepScheduler", 8, 0, {**COSINE, **KARRAS, "lambda_min_clipped": -5.1}),
    ("DPMSolverMultistepScheduler", 8, 2, {**COSINE, "lambda_min_clipped": -3.0, **TRAILING}),
    ("DPMSolverMultistepScheduler", 8, 0, {"algorithm_type": "sde-dpmsolver++"}),
    ("DPMSolverMultistepScheduler", 8, 0, {"algorithm_type": "sde-dpmsolver++", "solver_type": "heun",
     **KARRAS, **V}),
    ("DPMSolverMultistepScheduler", 8, 0, {**ZERO_SNR, **TRAILING, **V, "solver_type": "bh2",
     "algorithm_type": "deis", **LAST}),
    ("UniPCMultistepScheduler", 8, 0, {**LEADING, **ORDER3}),
    ("UniPCMultistepScheduler", 8, 2, {**TRAILING, **BH1, **V, **LAST}),
    ("UniPCMultistepScheduler", 7, 0, {**KARRAS, **ORDER1}),
    ("UniPCMultistepScheduler", 8, 0, {**EXPONENTIAL, **LAST, **SAMPLE}),
    ("UniPCMultistepScheduler", 9, 0, {**LAST, **NOT_LOWER, "solver_order": 4, "disable_corrector": [0, 3]}),
    ("UniPCMultistepScheduler", 8, 0, {**LAST, "predict_x0": False, **BH1}),
    ("UniPCMultistepScheduler", 8, 0, {**LAST, "predict_x0": False, **V, **ORDER3}),
    ("UniPCMultistepScheduler", 6, 0, {**KARRAS, **LAST, "sigma_min": 0.2, "sigma_max": 9.0,
     "solver_type": "midpoint"}),
]


def run(name, steps, start, config, arguments, x, noises):
    scheduler = getattr(diffusers, name)(**config)
    scheduler.set_timesteps(steps)
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(start)
    if arguments:
        plain = scheduler.step
        scheduler.step = lambda output, t, sample: plain(output, t, sample, **arguments)
    x = x * scheduler.init_noise_sigma
    return scheduler, trajectory(scheduler, steps, start, x, noises)[0]


def main(path):
    torch.manual_seed(11)
    cases = []
    for name, steps, start, config, *rest in CASES:
        arguments = rest[0] if rest else {}
        full = config if "trained_betas" in config else {**SD, **config}
        x, noises = torch.randn(1, 3), torch.randn(64, 1, 3)
        scheduler, samples = run(name, steps, start, full, arguments, x, noises)
        _, nudged = run(name, steps, start, full, arguments, x * (1 + 2.0**-23), noises)
        assert torch.isfinite(samples).all(), (name, config)
        tol = 10 * max((samples - nudged).abs().max().item(), samples.abs().max().item() * 2.0**-24)
        cases.append({"class": name, "steps": steps, "start": start, "config": full, "arguments": arguments,
                      "noise": x.flatten().tolist(), "step_noise": noises[:len(samples) - 1].flatten().tolist(),
                      "timesteps": scheduler.timesteps.double().tolist(), "tol": float(f"{tol:.2e}"),
                      "trajectory": samples.flatten().tolist()})
    with open(path, "w", encoding="utf-8") as f:
        f.write("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main(sys.argv[1])
