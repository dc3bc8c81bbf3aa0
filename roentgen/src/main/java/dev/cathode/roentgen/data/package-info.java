/// MIMIC-CXR-JPG as the paper prepares it.
///
/// [MimicCxr] reads the tables, [Reports] the reports, [ReportSections] cuts an [Impression] out of each. [SetRules] say
/// which pictures a set takes (the paper's four are there by name), [Selection] takes them, a [Manifest] keeps
/// them. [MimicDataset] is what training sees.
package dev.cathode.roentgen.data;
