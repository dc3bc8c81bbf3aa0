package dev.cathode.roentgen.phantom;

import static dev.cathode.roentgen.phantom.Certainty.ABSENT;
import static dev.cathode.roentgen.phantom.Certainty.POSSIBLE;
import static dev.cathode.roentgen.phantom.Certainty.PRESENT;

import dev.cathode.roentgen.data.Label;
import java.util.Map;

/// What radiologists call findings.
final class Phrases {
    private Phrases() { }

    /// A finding in few words: "large left pleural effusion".
    static Sentence brief(Finding finding, Dice dice) {
        return switch (finding) {
            case Finding.Cardiomegaly f -> of(f.size().degree() + " cardiomegaly", Label.CARDIOMEGALY);
            case Finding.WideMediastinum f -> of("widened mediastinum", Label.ENLARGED_CARDIOMEDIASTINUM);
            case Finding.Effusion f -> of(f.size().word() + " " + f.side().word() + " pleural effusion",
                    Label.PLEURAL_EFFUSION);
            case Finding.Pneumothorax f -> of(f.size().word() + " " + f.side().word()
                    + (f.tension() ? " tension pneumothorax" : " pneumothorax"), Label.PNEUMOTHORAX);
            case Finding.Edema f -> of(f.size().degree() + " pulmonary edema", Label.EDEMA);
            case Finding.Consolidation f -> of(f.lobe().words() + " consolidation", Label.CONSOLIDATION);
            case Finding.Pneumonia f -> of(f.lobe().words() + " pneumonia", Label.PNEUMONIA);
            case Finding.Atelectasis f -> of(f.side().word() + " " + dice.pick("basilar", "lower lobe", "base")
                    + " atelectasis", Label.ATELECTASIS);
            case Finding.Lesion f -> of(f.lobe().words() + (f.mass() ? " mass" : " nodule"), Label.LUNG_LESION);
            case Finding.RibFracture f -> of("displaced " + f.side().word() + " rib fractures", Label.FRACTURE);
            case Finding.ClavicleFracture f -> of("displaced " + f.side().word() + " clavicle fracture",
                    Label.FRACTURE);
            case Finding.PleuralThickening f -> of(f.side().word() + " pleural thickening", Label.PLEURAL_OTHER);
            case Finding.EndotrachealTube f -> of("endotracheal tube in place", Label.SUPPORT_DEVICES);
            case Finding.CentralLine f -> of(f.side().word() + (f.subclavian() ? " subclavian" : " internal jugular")
                    + " central venous catheter", Label.SUPPORT_DEVICES);
            case Finding.Pacemaker f -> of(f.side().word() + " chest wall pacemaker", Label.SUPPORT_DEVICES);
            case Finding.GastricTube f -> of("enteric tube in the stomach", Label.SUPPORT_DEVICES);
        };
    }

    /// A finding in a sentence.
    static Sentence full(Finding finding, Dice dice) {
        return switch (finding) {
            case Finding.Cardiomegaly f -> of(dice.pick(
                    f.size().degree() + " cardiomegaly",
                    "the heart is " + adverb(f.size()) + " enlarged",
                    "the cardiac silhouette is " + adverb(f.size()) + " enlarged",
                    f.size().degree() + " enlargement of the cardiac silhouette"), Label.CARDIOMEGALY);
            case Finding.WideMediastinum f -> of(dice.pick("the mediastinum is widened",
                    "widening of the upper mediastinum", "the mediastinal contour is enlarged"),
                    Label.ENLARGED_CARDIOMEDIASTINUM);
            case Finding.Effusion f -> effusion(f, dice);
            case Finding.Pneumothorax f -> pneumothorax(f, dice);
            case Finding.Edema f -> of(dice.pick(
                    f.size().degree() + " pulmonary edema",
                    f.size().degree() + (f.size() == Size.LARGE ? " alveolar" : " interstitial") + " pulmonary edema",
                    "findings consistent with " + f.size().degree() + " pulmonary edema",
                    "pulmonary vascular congestion with " + f.size().degree() + " edema"), Label.EDEMA);
            case Finding.Consolidation f -> consolidation(f, dice);
            case Finding.Pneumonia f -> pneumonia(f, dice);
            case Finding.Atelectasis f -> of(dice.pick(
                    f.side().word() + " basilar atelectasis",
                    "linear atelectasis at the " + f.side().word() + " lung base",
                    "plate-like atelectasis in the " + f.side().word() + " lower lobe",
                    "volume loss at the " + f.side().word() + " base with linear atelectasis"), Label.ATELECTASIS);
            case Finding.Lesion f -> lesion(f, dice);
            case Finding.RibFracture f -> of(dice.pick(
                    "displaced " + f.side().word() + " rib fractures",
                    "displaced fractures of the " + f.side().word() + " " + ordinal(f.rib()) + " and "
                            + ordinal(f.rib() + 1) + " ribs",
                    "acute " + f.side().word() + " rib fractures"), Label.FRACTURE);
            case Finding.ClavicleFracture f -> of(dice.pick(
                    "displaced fracture of the " + f.side().word() + " clavicle",
                    f.side().word() + " clavicle fracture"), Label.FRACTURE);
            case Finding.PleuralThickening f -> of(dice.pick(
                    f.side().word() + " pleural thickening",
                    "thickening of the " + f.side().word() + " pleura along the chest wall"), Label.PLEURAL_OTHER);
            case Finding.EndotrachealTube f -> of(dice.pick("endotracheal tube in standard position",
                    "the endotracheal tube ends above the carina", "ET tube tip is 4 cm above the carina"),
                    Label.SUPPORT_DEVICES);
            case Finding.CentralLine f -> {
                String vein = f.side().word() + (f.subclavian() ? " subclavian" : " internal jugular");
                yield of(dice.pick(vein + " central venous catheter ends in the SVC",
                        vein + " line tip at the cavoatrial junction",
                        vein + " catheter in standard position"), Label.SUPPORT_DEVICES);
            }
            case Finding.Pacemaker f -> of(dice.pick(
                    f.side().word() + " chest wall pacemaker with leads in the right atrium and right ventricle",
                    f.side().word() + "-sided dual-chamber pacemaker",
                    f.side().word() + " pectoral pacemaker leads in standard position"), Label.SUPPORT_DEVICES);
            case Finding.GastricTube f -> of(dice.pick("enteric tube courses below the diaphragm into the stomach",
                    "nasogastric tube ends in the stomach"), Label.SUPPORT_DEVICES);
        };
    }

    private static Sentence effusion(Finding.Effusion f, Dice dice) {
        String size = f.size().word();
        String side = f.side().word();
        return of(dice.pick(size + " " + side + " pleural effusion",
                "there is a " + size + " " + side + " pleural effusion",
                size + " " + side + "-sided pleural effusion",
                size + " effusion on the " + side), Label.PLEURAL_EFFUSION);
    }

    private static Sentence pneumothorax(Finding.Pneumothorax f, Dice dice) {
        String size = f.size().word();
        String side = f.side().word();
        if (f.tension()) {
            return of(dice.pick("large " + side + " tension pneumothorax",
                    "large " + side + " pneumothorax with shift of the mediastinum to the "
                            + f.side().opposite().word()), Label.PNEUMOTHORAX);
        }
        return of(dice.pick(size + " " + side + " pneumothorax", "there is a " + size + " " + side + " pneumothorax",
                size + (f.size() == Size.SMALL ? " " + side + " apical" : " " + side + "-sided") + " pneumothorax"),
                Label.PNEUMOTHORAX);
    }

    private static Sentence consolidation(Finding.Consolidation f, Dice dice) {
        String lobe = f.lobe().words();
        if (dice.chance(0.25)) {
            return of(dice.pick(lobe + " consolidation, which may represent pneumonia",
                    "consolidation in the " + lobe + " concerning for pneumonia"), Label.CONSOLIDATION)
                    .with(Label.PNEUMONIA, POSSIBLE);
        }
        return of(dice.pick(lobe + " consolidation", "dense consolidation in the " + lobe,
                "complete consolidation of the " + lobe), Label.CONSOLIDATION);
    }

    private static Sentence pneumonia(Finding.Pneumonia f, Dice dice) {
        String lobe = f.lobe().words();
        if (dice.chance(0.5)) {
            return of(dice.pick("patchy opacity in the " + lobe + " consistent with pneumonia",
                    "patchy " + lobe + " opacities compatible with pneumonia"), Label.PNEUMONIA)
                    .with(Label.LUNG_OPACITY, PRESENT);
        }
        return of(dice.pick(lobe + " pneumonia", "findings consistent with " + lobe + " pneumonia",
                "pneumonia in the " + lobe), Label.PNEUMONIA);
    }

    private static Sentence lesion(Finding.Lesion f, Dice dice) {
        String lobe = f.lobe().words();
        if (f.mass()) {
            return of(dice.pick(lobe + " mass", "large mass in the " + lobe, "rounded mass in the " + lobe
                    + ", CT is recommended"), Label.LUNG_LESION);
        }
        return of(dice.pick(lobe + " nodule", "pulmonary nodule in the " + lobe, "solitary nodule in the " + lobe
                + ", CT is recommended"), Label.LUNG_LESION);
    }

    /// A finding that may be there or not.
    static Sentence doubtful(Finding finding, Dice dice) {
        Sentence brief = brief(finding, dice);
        String text = dice.pick("possible ", "probable ", "questionable ") + brief.text();
        return Sentence.of(text, POSSIBLE, brief.labels().keySet().toArray(new Label[0]));
    }

    /// One thing that is not there.
    static Sentence absent(Label label, Dice dice) {
        String text = switch (label) {
            case PNEUMOTHORAX -> dice.pick("no pneumothorax", "there is no pneumothorax");
            case PLEURAL_EFFUSION -> dice.pick("no pleural effusion", "there is no pleural effusion");
            case PNEUMONIA -> dice.pick("no evidence of pneumonia", "no pneumonia");
            case EDEMA -> dice.pick("no pulmonary edema", "no evidence of pulmonary edema");
            case CONSOLIDATION -> dice.pick("no focal consolidation", "the lungs are free of consolidation");
            case CARDIOMEGALY -> dice.pick("no cardiomegaly", "the heart is not enlarged");
            default -> throw new IllegalArgumentException(label + " is not denied in reports");
        };
        return Sentence.of(text, ABSENT, label);
    }

    /// Nothing is there.
    static Sentence nothing(Dice dice) {
        return dice.chance(0.85)
                ? new Sentence(dice.pick("no acute cardiopulmonary process", "no acute cardiopulmonary process",
                        "no acute cardiopulmonary abnormality", "no acute intrathoracic process", "normal chest",
                        "normal chest radiograph", "clear lungs"), Map.of())
                : Sentence.of("no evidence of acute cardiopulmonary disease or pneumonia", ABSENT, Label.PNEUMONIA);
    }

    /// Findings on both sides in one phrase.
    static Sentence bilateral(Finding finding, boolean brief, Dice dice) {
        return switch (finding) {
            case Finding.Effusion f -> of(brief ? f.size().word() + " bilateral pleural effusions"
                    : dice.pick(f.size().word() + " bilateral pleural effusions",
                            "bilateral " + f.size().word() + " pleural effusions",
                            "there are " + f.size().word() + " bilateral pleural effusions"), Label.PLEURAL_EFFUSION);
            case Finding.Atelectasis f -> of(brief ? "bibasilar atelectasis" : dice.pick("bibasilar atelectasis",
                    "linear atelectasis at both lung bases"), Label.ATELECTASIS);
            default -> throw new IllegalArgumentException(finding + " is not described on both sides at once");
        };
    }

    private static Sentence of(String text, Label label) {
        return Sentence.of(text, PRESENT, label);
    }

    private static String adverb(Size size) {
        return switch (size) {
            case SMALL -> "mildly";
            case MODERATE -> "moderately";
            case LARGE -> "severely";
        };
    }

    private static String ordinal(int rib) {
        return switch (rib) {
            case 4 -> "fourth";
            case 5 -> "fifth";
            case 6 -> "sixth";
            case 7 -> "seventh";
            case 8 -> "eighth";
            default -> rib + "th";
        };
    }
}
