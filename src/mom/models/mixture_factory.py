"""Makes the classifier and the mixture of the models that the roster knows."""

from collections.abc import Callable

from mom.errors import SettingsError
from mom.mixture.classifier import Classifier, SmallLlmStage
from mom.mixture.paths import Mixture
from mom.mixture.ports import PictureKeeper
from mom.models.roster import Roster

CHOICES = ("cascade", "small-llm")


def make_classifier(choice: str, deadline_s: float, roster: Roster) -> Classifier:
    """The classifier that `MOM_CLASSIFIER` names. Raises `SettingsError` for one that does not exist."""
    if choice not in CHOICES:
        raise SettingsError(f"MOM_CLASSIFIER={choice} does not exist. There are {' and '.join(CHOICES)}.")
    return Classifier([SmallLlmStage(roster.small_llm())], deadline_s)


def make_mixture(
    roster: Roster, classifier: Classifier, may_speculate: Callable[[], bool], pictures: PictureKeeper
) -> Mixture:
    """The models that answer; pictures are kept by `pictures`."""
    return Mixture(
        classifier=classifier,
        large_llm=roster.large_llm(),
        vision_llm=roster.vision_llm(),
        image_model=roster.image_model(),
        pictures=pictures,
        may_speculate=may_speculate,
    )
