from restorelab.models.proxies.proxy_restorer import ProxyRestorer
from restorelab.models.proxies.rendered_proxy import RenderedProxy

__all__ = ['ProxyRestorer', 'RenderedProxy']
