/// Recipes: everything a training run is told, in one YAML file with the keys of diffusers' training scripts.
///
/// [TrainingRecipe] reads and writes it; the other records are its parts. What training does differently from plain
/// fine-tuning is a [TrainingMethod].
package dev.cathode.engine.train.recipe;
