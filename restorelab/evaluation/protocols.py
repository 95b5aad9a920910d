"""How a pair of images is scored: color space, precision, border and SSIM window."""

from dataclasses import dataclass

from torch import Tensor

from restorelab.evaluation.functional import crop_border, psnr, quantize, ssim, to_y

SPACES = ('rgb', 'y', 'y_rounded')


@dataclass(frozen=True)
class Protocol:
    """One way to score.

    Attributes:
        space: ``rgb``; ``y``: BT.601 luma; ``y_rounded``: luma rounded to 8 bits (MATLAB).
        crop: border in pixels left out at each side.
        uint8: images are rounded to 8 bits first; otherwise only clamped to [0, 1].
        window: SSIM window, see ``restorelab.evaluation.functional.ssim``.
    Raises: ValueError for an unknown space.
    """

    space: str = 'rgb'
    crop: int = 0
    uint8: bool = True
    window: str = 'gaussian'

    def __post_init__(self):
        if self.space not in SPACES:
            raise ValueError(f"protocol space is one of {SPACES}, not '{self.space}'")

    def __str__(self) -> str:
        depth = 'uint8' if self.uint8 else 'float'
        return f'{self.space}, {depth}, crop {self.crop}, ssim {self.window}'

    def prepare(self, image: Tensor) -> Tensor:
        """Float image (B, 3, H, W) in [0, 1] -> what is compared, (B, 1 or 3, h, w) float64."""
        image = quantize(image) if self.uint8 else image.double().clamp(0, 1)
        if self.space != 'rgb':
            image = to_y(image, rounded=self.space == 'y_rounded')
        return crop_border(image, self.crop)

    def score(self, pred: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """PSNR in dB and SSIM of images (B, 3, H, W) in [0, 1]: (B,) each."""
        pred, target = self.prepare(pred), self.prepare(target)
        return psnr(pred, target), ssim(pred, target, self.window)


# A preset maps a degradation to its protocol; 'any' stands for the degradations that are not named.
PRESETS: dict[str, dict[str, Protocol]] = {
    'rgb': dict(any=Protocol()),
    'y': dict(any=Protocol(space='y')),
    # TPGDiff test.py: 4 pixels cropped because `degradation.scale` is missing there
    'tpgdiff': dict(any=Protocol(crop=4)),
    'tpgdiff_y': dict(any=Protocol(space='y', crop=4)),
    # DiffUIR: luma for rain, snow, blur and low light; MATLAB's eval/SOTS.m for haze; RGB with a
    # 3-D window for the under-display camera
    'diffuir': dict(
        any=Protocol(space='y', window='gaussian_replicate'),
        haze=Protocol(space='y_rounded'),
        udc=Protocol(window='gaussian_3d'),
    ),
    # Perceive-IR, PromptIR, AirNet: output not quantized, scikit-image's SSIM. The benchmarks with
    # three and five degradations differ in their data: see NoiseBenchmarkDataset
    'adair3': dict(any=Protocol(uint8=False, window='uniform')),
    'adair5': dict(any=Protocol(uint8=False, window='uniform')),
    'unirestore': dict(any=Protocol(window='uniform')),
}


def find_preset(name: str) -> dict[str, Protocol]:
    """Protocols by degradation. Raises KeyError that lists the known presets."""
    if name not in PRESETS:
        raise KeyError(f"no metric protocol is called '{name}'; known: {sorted(PRESETS)}")
    return PRESETS[name]
