/// MIMIC-CXR-JPG as the paper prepares it.
///
/// [MimicCxr] reads the tables, [Reports] the reports, [ReportSections] cuts an [Impression] out of each. [SetRules]
/// say which pictures a set takes (the paper's four are there by name), [Selection] takes them, a [Manifest] keeps
/// them, a [PreparedSet] keeps their pictures at the size of training. [MimicDataset] is what training sees.
/// [DataReport] prints the paper's Table 1 beside what is here.
package dev.cathode.roentgen.data;
