/// Samplers: how a network's predictions become, step by step, a picture's latent; and the noise schedule behind them.
///
/// [Schedulers] makes a [Scheduler] of a `scheduler_config.json` ([SchedulerConfig]), or of a short name with a
/// folder's configuration. [Scheduler#start] gives a [Sampling]: the timesteps at which to evaluate the network, and
/// the arithmetic between them. [NoiseSchedule] is the table of betas and cumulative alphas that training uses as
/// well.
///
/// One algorithm per file: [PNDMScheduler], [DDIMScheduler], [DDPMScheduler], [EulerDiscreteScheduler],
/// [EulerAncestralDiscreteScheduler], [HeunDiscreteScheduler], [LMSDiscreteScheduler], [DPMSolverMultistepScheduler],
/// [UniPCMultistepScheduler]. Names, configuration keys, defaults and numbers are those of diffusers. Coefficients are
/// computed in double from float32 tables; samples are float32 and rounded once per step.
package dev.cathode.engine.diffusion.schedulers;
