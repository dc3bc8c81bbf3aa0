/// Image files, as far as a diffusion engine needs them: reading to RGB, resizing exactly as Pillow does, and writing
/// PNG and JPEG files that carry how they were made.
package dev.cathode.engine.image;
