/// What takes time to make, kept on disk: [dev.cathode.kernels.cuda.cache.DiskCache] in a
/// [dev.cathode.kernels.cuda.cache.CacheFolder].
package dev.cathode.kernels.cuda.cache;
