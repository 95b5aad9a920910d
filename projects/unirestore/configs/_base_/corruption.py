"""`_corruption`: one of the paper's 15, or none, at a drawn severity and size."""

_corruption = dict(
    type='resized_corruption',
    name=dict(
        choice=[
            'brightness',
            'clean',
            'contrast',
            'defocus_blur',
            'elastic_transform',
            'fog',
            'frost',
            'gaussian_noise',
            'glass_blur',
            'impulse_noise',
            'jpeg',
            'motion_blur',
            'pixelate',
            'shot_noise',
            'snow',
            'zoom_blur',
        ]
    ),
    severity=dict(choice=[1, 2, 3, 4, 5], weights=[0.05, 0.25, 0.4, 0.25, 0.05]),
    short_side=(128, 511),
)
