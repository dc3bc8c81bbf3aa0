/// Random numbers that are the same as PyTorch's: a seed gives the noise, and so the picture, that it gives there.
package dev.cathode.engine.random;
