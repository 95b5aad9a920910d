from restorelab.models.losses.pixel import L1Loss, MSELoss

__all__ = ['L1Loss', 'MSELoss']
