package dev.cathode.engine.models;

/// Keys that older versions of transformers wrote into every `config.json`. They concern other kinds of models
/// (decoders, generation of text) or what a call returns, and never change the hidden states of an encoder.
final class GenerationFields {
    private GenerationFields() { }

    static void ignore(ConfigFields f) {
        f.ignore("bad_words_ids", "begin_suppress_tokens", "decoder_start_token_id", "diversity_penalty", "do_sample",
                "early_stopping", "encoder_no_repeat_ngram_size", "exponential_decay_length_penalty", "finetuning_task",
                "forced_bos_token_id", "forced_eos_token_id", "length_penalty", "max_length", "min_length",
                "no_repeat_ngram_size", "num_beam_groups", "num_beams", "num_return_sequences", "num_labels",
                "output_attentions", "output_hidden_states", "output_past", "output_scores", "prefix", "problem_type",
                "remove_invalid_values", "repetition_penalty", "return_dict", "return_dict_in_generate",
                "sep_token_id", "suppress_tokens", "task_specific_params", "temperature", "tf_legacy_loss",
                "tie_encoder_decoder", "tie_word_embeddings", "tokenizer_class", "top_k", "top_p", "torchscript",
                "typical_p", "use_bfloat16", "use_cache", "chunk_size_feed_forward", "cross_attention_hidden_size",
                "is_encoder_decoder");
        f.only("add_cross_attention", false);
        f.only("is_decoder", false);
        // An empty object; anything in it would remove attention heads.
        f.emptyObject("pruned_heads");
    }
}
