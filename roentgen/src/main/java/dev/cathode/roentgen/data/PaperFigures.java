package dev.cathode.roentgen.data;

import dev.cathode.roentgen.data.SetStatistics.Spread;
import java.util.List;
import java.util.Optional;

/// What others counted in MIMIC-CXR: the paper's Table 1, and the pages and notebooks that describe the set.
final class PaperFigures {
    /// Table 1 of arXiv 2211.12737, with the names that [SetRules] gives to its columns.
    static final List<SetStatistics> TABLE_1 = List.of(
            set(SetRules.PA_TRAIN, 38_009, 128.0, 90.1, 29.0, 18.5, 7_795, 5_719, 1_779, 3_817, 1_107, 1_420, 2_116,
                    9_136, 10_005, 7_859, 652, 8_250, 1_413, 3_123),
            set(SetRules.PA_AP_LAT_TRAIN, 175_622, 142.0, 96.4, 32.1, 20.0, 40_677, 32_744, 9_814, 30_546, 6_550,
                    4_752, 6_627, 41_852, 47_846, 41_204, 1_997, 33_139, 7_304, 32_732),
            set(SetRules.MIMIC_TEST, 2_225, 199.1, 174.0, 44.3, 37.19, 522, 520, 193, 686, 127, 54, 96, 641, 486, 694,
                    58, 512, 62, 487),
            set(SetRules.P19_TEST, 5_000, 118.8, 89.5, 27.3, 18.4, 918, 698, 182, 453, 115, 142, 203, 1_028, 1_738,
                    1_051, 77, 921, 162, 368));

    static final int IMAGES = 377_110;
    static final int STUDIES = 227_835;
    static final int LABELLED_STUDIES = 227_827;
    static final int SUBJECTS = 65_379;
    static final int FOLDERS = 10;
    static final int WITH_IMPRESSION = 189_561;
    static final int WITH_FINDINGS = 27_684;
    static final int WITH_LAST_PARAGRAPH = 10_514;

    /// Pictures, studies and patients of an official split.
    record SplitFigures(int images, int studies, int subjects) { }

    /// Of the whole training split: positive, negative, uncertain, where both labelers agree.
    record LabelFigures(int positive, int negative, int uncertain) { }

    private PaperFigures() { }

    private static SetStatistics set(SetRules rules, int count, double characters, double charactersDeviation,
            double tokens, double tokensDeviation, Integer... positives) {
        return new SetStatistics(rules.name(), count, List.of(positives), new Spread(characters, charactersDeviation),
                Optional.of(new Spread(tokens, tokensDeviation)));
    }

    static SplitFigures split(Split split) {
        return switch (split) {
            case TRAIN -> new SplitFigures(368_960, 222_758, 64_586);
            case VALIDATE -> new SplitFigures(2_991, 1_808, 500);
            case TEST -> new SplitFigures(5_159, 3_269, 293);
        };
    }

    static LabelFigures label(Label label) {
        return switch (label) {
            case ATELECTASIS -> new LabelFigures(44_012, 921, 9_623);
            case CARDIOMEGALY -> new LabelFigures(38_002, 15_563, 5_753);
            case CONSOLIDATION -> new LabelFigures(10_199, 7_791, 2_913);
            case EDEMA -> new LabelFigures(25_549, 24_746, 11_426);
            case ENLARGED_CARDIOMEDIASTINUM -> new LabelFigures(6_798, 5_158, 9_015);
            case FRACTURE -> new LabelFigures(3_675, 871, 295);
            case LUNG_LESION -> new LabelFigures(5_939, 822, 996);
            case LUNG_OPACITY -> new LabelFigures(49_512, 2_794, 2_052);
            case NO_FINDING -> new LabelFigures(74_019, 0, 0);
            case PLEURAL_EFFUSION -> new LabelFigures(51_680, 26_532, 5_184);
            case PLEURAL_OTHER -> new LabelFigures(1_884, 120, 707);
            case PNEUMONIA -> new LabelFigures(15_333, 23_771, 17_313);
            case PNEUMOTHORAX -> new LabelFigures(9_159, 41_250, 848);
            case SUPPORT_DEVICES -> new LabelFigures(63_971, 3_014, 95);
        };
    }
}
