/// Running graphs: a [dev.cathode.engine.runtime.Device] holds weights and compiles graphs to
/// [dev.cathode.engine.runtime.Executable]s, which run many times.
package dev.cathode.engine.runtime;
