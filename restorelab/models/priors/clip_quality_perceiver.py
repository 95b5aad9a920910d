"""How good an image looks to CLIP, by learned prompts of several tiers of quality (Perceive-IR)."""

import logging
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from torch import Tensor, nn

from restorelab.models.contracts import Prior
from restorelab.models.priors.image_tower import CLIP_OPTIONS, load_clip, load_tower, square_starts
from restorelab.registry import PRIORS
from restorelab.structures import Condition
from restorelab.utils.checkpoint import CheckpointError, load_weights, model_state, read_checkpoint
from restorelab.utils.modules import keep_out_of_checkpoint
from restorelab.utils.normalize import CLIP_MEAN, CLIP_STD, normalize
from restorelab.utils.options import holds
from restorelab.utils.weights import resolve_weights

WORDS = ('terrible', 'mediocre', 'excellent')
PART = 'perceiver.'


def perceiver_views(image: Tensor, size: int, views: int) -> list[Tensor]:
    """What the tower sees of ``image`` (B, 3, H, W), each (B, 3, size, size).

    Squares of it where both sides are larger than ``size``, as in ``square_views`` but with a
    gradient. With ``views`` 0, and of smaller images, all of it, squashed. See ``perceiver_view``.
    """
    height, width = image.shape[-2:]
    if not views or min(height, width) < size:
        return [perceiver_view(image, size)]
    seen = []
    for top in square_starts(height, size, views):
        for left in square_starts(width, size, views):
            square = image[..., top : top + size, left : left + size]
            seen.append(perceiver_view(square, size))
    return seen


def perceiver_view(image: Tensor, size: int) -> Tensor:
    """``image`` (B, 3, H, W) in about [0, 1] for the tower: (B, 3, size, size), normalized.

    Clamped, squashed by bicubic interpolation without antialias, and differentiable, unlike
    ``clip_view``.
    """
    image = image.clamp(0, 1)
    if image.shape[-2:] != (size, size):
        image = F.interpolate(image, (size, size), mode='bicubic', align_corners=False)
    return normalize(image, CLIP_MEAN, CLIP_STD)


@PRIORS.register_module()
@holds(clip=CLIP_OPTIONS)
class CLIPQualityPerceiver(Prior):
    """Vector ``quality`` (B, tiers): how probable each tier is for the image, the lowest first.

    Each tier has a prompt of ``num_context`` learned vectors before CLIP's end-of-text token. The
    probabilities of the tiers are a softmax over the cosines of image and prompts, times ``scale``.
    Source: Perceive-IR's release. The last vector of a tier starts as the embedding of its word,
    the others at random. Perceive-IR learns the prompts with CLIP's own scale of 100 (stage 1), and
    scores with a scale of 1 (stage 2).

    Args:
        clip: open_clip model name (OpenAI's weights need a ``-quickgelu`` one), or open_clip's
            options of a small one: ``dict(embed_dim, vision_cfg, text_cfg)``. The vocabulary of a
            small one needs the words and three tokens.
        words: one for each tier, from bad to good; of one token each in CLIP's vocabulary.
        num_context: learned vectors of each tier.
        scale: of the cosines.
        pretrained: weights of CLIP, an open_clip tag (``openai``) or a file. They stay out of
            checkpoints. For a small clip: the weights that its image tower starts from, a file or
            ``restorelab:<name>``.
        prompts: what stage 1 learned, its checkpoint or ``restorelab:<name>``. With a small clip it
            holds all of it.
        frozen: nothing learns. False: the prompts learn, and of CLIP nothing or the image tower,
            see ``learn_tower``.
        views: 0: the whole image is squashed for the tower, as in Perceive-IR. That hides noise and
            blur from a small tower. Else the largest number of squares on a side, at full
            resolution; their cosines are averaged.
        learn_tower: with ``frozen=False`` the image tower learns too. For a small clip that never
            saw clean images.
    Raises: ValueError for words that are not one token or more than a small vocabulary holds, and
        for a tower that would learn what no checkpoint keeps.
    """

    def __init__(
        self,
        clip: str | dict = 'ViT-B-32-quickgelu',
        words: Sequence[str] = WORDS,
        num_context: int = 16,
        scale: float = 100.0,
        pretrained: str | None = None,
        prompts: str | None = None,
        frozen: bool = True,
        views: int = 0,
        learn_tower: bool = False,
    ):
        super().__init__()
        if learn_tower and not frozen and pretrained and isinstance(clip, str):
            raise ValueError(
                f"learn_tower=True with clip='{clip}' and pretrained='{pretrained}': those weights "
                'stay out of checkpoints, so what the tower learns would be lost; leave '
                'learn_tower out, or give the options of a small clip'
            )
        self.clip_config, self.words, self.scale = clip, tuple(words), scale
        self.pretrained, self.prompts, self.frozen = pretrained, prompts, frozen
        self.num_context, self.views = num_context, views
        self.clip = build_clip(clip).requires_grad_(False).eval()
        self.clip.visual.requires_grad_(learn_tower and not frozen)
        self.register_buffer('tokens', self._tokens(), persistent=False)
        width = self.clip.token_embedding.embedding_dim
        context = torch.empty(len(words), num_context, width)
        self.context = nn.Parameter(context, requires_grad=not frozen)
        self.reset_context()
        if pretrained and isinstance(clip, str):
            keep_out_of_checkpoint(self.clip)
        if frozen and prompts:
            keep_out_of_checkpoint(self)

    @property
    def provides(self) -> dict[str, int]:
        return {'vectors.quality': len(self.words)}

    def train(self, mode: bool = True):
        return super().train(False)

    def _tokens(self) -> Tensor:
        """(tiers, context length): start, ``num_context`` places, end, padding.

        The tokens of the words are kept as ``word_tokens``. A small vocabulary has padding, start
        and end as 0, 1 and 2, and the words behind.
        """
        length = self.clip.context_length
        if length < self.num_context + 2:
            raise ValueError(
                f'num_context={self.num_context}: the text tower reads {length} tokens, two of '
                'which are start and end'
            )
        start, end, self.word_tokens = self._vocabulary()
        tokens = torch.zeros(len(self.words), length, dtype=torch.int64)
        tokens[:, 0], tokens[:, self.num_context + 1] = start, end
        return tokens

    def _vocabulary(self) -> tuple[int, int, list[int]]:
        """Tokens of start and end, and of the words."""
        if not isinstance(self.clip_config, str):
            needed, size = 3 + len(self.words), self.clip.token_embedding.num_embeddings
            if size < needed:
                raise ValueError(
                    f'{len(self.words)} words need a vocabulary of {needed}, with padding, start '
                    f'and end; the clip has {size}: give text_cfg=dict(vocab_size={needed}, ...)'
                )
            return 1, 2, list(range(3, needed))
        from open_clip.tokenizer import SimpleTokenizer

        tokenizer = SimpleTokenizer()
        ids = [tokenizer.encode(word) for word in self.words]
        long = [word for word, codes in zip(self.words, ids, strict=True) if len(codes) != 1]
        if long:
            raise ValueError(
                f'words {long} are not one token each in the vocabulary of CLIP; choose others'
            )
        return tokenizer.sot_token_id, tokenizer.eot_token_id, [codes[0] for codes in ids]

    @torch.no_grad()
    def reset_context(self) -> None:
        """Random vectors, and the words of the tiers at the end."""
        nn.init.normal_(self.context, std=0.02)
        self.context[:, -1] = self.clip.token_embedding.weight[self.word_tokens]

    def load_pretrained(self) -> None:
        """Read CLIP, then the prompts; warns of a frozen perceiver without any.

        Raises: FileNotFoundError that says how to provide them; CheckpointError.
        """
        if self.pretrained and isinstance(self.clip_config, str):
            load_clip(self.clip, self.clip_config, self.pretrained)
        elif self.pretrained:
            load_tower(self.clip.visual, self.clip_config, self.pretrained, 'degradation')
        if self.prompts:
            self._load_prompts()
        elif not self.frozen:
            self.reset_context()  # the words of the weights just read
        else:
            print_log(
                'CLIPQualityPerceiver: frozen and without prompts, so it knows the tiers '
                f'{list(self.words)} by untrained vectors, unless a checkpoint brings others; give '
                'as `prompts` what stage 1 of Perceive-IR learned',
                'current',
                logging.WARNING,
            )

    def _load_prompts(self) -> None:
        path = resolve_weights(self.prompts)
        state = model_state(read_checkpoint(path), path)
        inside = {
            key.removeprefix(PART): value for key, value in state.items() if key.startswith(PART)
        }
        own = inside or state
        context, wanted = own.pop('context', torch.empty(0)), self.context.shape
        if context.shape != wanted:
            raise CheckpointError(
                f"{path}: holds no prompts of {len(self.words)} tiers; wanted is a 'context' of "
                f'{tuple(wanted)}, as configs/perceive_ir/stage1_prompts.py trains'
            )
        # all of a CLIP that stage 1 kept in its checkpoint, nothing of one with weights of its own
        clip = {key.removeprefix('clip.'): value for key, value in own.items()}
        load_weights(self.clip, clip, path)
        with torch.no_grad():
            self.context.copy_(context)

    def prompt_features(self) -> Tensor:
        """Unit vectors (tiers, D) of the prompts."""
        embedded = self.clip.token_embedding(self.tokens)
        start, rest = embedded[:, :1], embedded[:, self.num_context + 1 :]
        prompts = torch.cat([start, self.context, rest], dim=1)
        return F.normalize(encode_prompts(self.clip, prompts, self.num_context + 1), dim=-1)

    def logits(self, image: Tensor, scale: float | None = None) -> Tensor:
        """Scaled cosines (B, tiers) of ``image`` (B, 3, H, W) in [0, 1], with a gradient to it."""
        views = perceiver_views(image, self.clip.visual.image_size[0], self.views)
        features = F.normalize(self.clip.visual(torch.cat(views)), dim=-1)
        seen = features.unflatten(0, (len(views), -1)).mean(dim=0)
        scale = self.scale if scale is None else scale
        return scale * seen @ self.prompt_features().T

    def forward(self, lq: Tensor) -> Condition:
        return Condition(vectors=dict(quality=self.logits(lq).softmax(dim=1)))


def build_clip(clip: str | dict) -> nn.Module:
    """An open_clip model with random weights.

    Raises: ValueError for a name that open_clip does not know.
    """
    import open_clip

    if isinstance(clip, str):
        config = open_clip.get_model_config(clip)
        if config is None:
            raise ValueError(
                f"open_clip knows no model '{clip}'; it knows {open_clip.list_models()}"
            )
    else:
        config = dict(clip)
    return open_clip.CLIP(**config)


def encode_prompts(clip: nn.Module, prompts: Tensor, end: int) -> Tensor:
    """Projected features (K, D) of embedded prompts (K, L, W), not normalized.

    Args:
        end: place of the end-of-text token.
    """
    x = prompts + clip.positional_embedding
    x = clip.ln_final(clip.transformer(x, attn_mask=clip.attn_mask))
    return x[:, end] @ clip.text_projection
