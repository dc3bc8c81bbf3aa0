/// The command line. `Main` starts, `Relaunch` gives the virtual machine its flags, `CathodeCommand` is the frame, and
/// every other command is a class of its own.
package dev.cathode.cli;
