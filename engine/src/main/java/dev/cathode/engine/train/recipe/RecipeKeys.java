package dev.cathode.engine.train.recipe;

import java.util.Set;

/// The keys of recipes.
final class RecipeKeys {
    /// All keys of all methods.
    static final Set<String> ALL = Set.of(
            // the method, and those of one method
            "method", "instance_data_dir", "instance_prompt", "with_prior_preservation", "class_data_dir",
            "class_prompt", "num_class_images", "prior_loss_weight", "placeholder_token", "initializer_token", "rank",
            "lora_alpha", "lora_layers", "projection_loss", "kl_scale",
            // model
            "pretrained_model_name_or_path", "pretrained_text_encoder_name_or_path", "train_text_encoder",
            "random_unet", "random_text_encoder", "random_vae", "prediction_type",
            // data
            "train_data_dir", "caption_column", "views", "max_train_samples", "validation_split", "resolution",
            "image_fit", "dataloader_num_workers", "cache_latents", "cache_text_embeddings",
            // steps
            "seed", "train_batch_size", "gradient_accumulation_steps", "max_train_steps", "num_train_epochs",
            "max_grad_norm", "mixed_precision", "gradient_checkpointing",
            // loss
            "snr_gamma", "noise_offset", "conditioning_dropout",
            // optimizer
            "optimizer", "adam_beta1", "adam_beta2", "adam_weight_decay", "adam_epsilon", "momentum",
            // learning rate
            "learning_rate", "scale_lr", "lr_scheduler", "lr_warmup_steps", "lr_num_cycles", "lr_power",
            "lr_step_rules", "max_lr", "step_size_up",
            // moving average
            "use_ema", "ema_decay", "ema_min_decay", "ema_update_after_step", "use_ema_warmup", "ema_inv_gamma",
            "ema_power",
            // output
            "output_dir", "checkpointing_steps", "checkpoints_total_limit", "resume_from_checkpoint", "report_to",
            // validation
            "validation_prompts", "validation_steps", "num_validation_images");

    /// Those that change neither what a step does nor the samples it sees.
    static final Set<String> INDIFFERENT = Set.of("output_dir", "checkpointing_steps", "checkpoints_total_limit",
            "resume_from_checkpoint", "report_to", "dataloader_num_workers", "validation_prompts",
            "validation_steps", "num_validation_images", "gradient_checkpointing");

    /// How long training lasts.
    static final Set<String> LENGTH = Set.of("max_train_steps", "num_train_epochs");

    private RecipeKeys() {
    }
}
