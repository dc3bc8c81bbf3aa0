/// What training reads: pictures with captions.
package dev.cathode.engine.data;
