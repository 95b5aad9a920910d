"""unet2d_dpm.py with UniPC of diffusers in place of DPM-Solver++.

Run:    python tools/train.py configs/diffusers/unet2d_unipc.py
        A checkpoint of unet2d_dpm.py needs no training: the two differ in the sampler alone.
Test:   python tools/test.py configs/diffusers/unet2d_unipc.py work_dirs/unet2d_dpm/iter_1500.pth
Needs:  as unet2d_dpm.py.
Expect: 20.42 dB, as DPM-Solver++: in two steps both are of first order, and equal to DDIM.
"""

_base_ = ['./unet2d_dpm.py']

model = dict(sampler=dict(scheduler='UniPCMultistepScheduler'))
