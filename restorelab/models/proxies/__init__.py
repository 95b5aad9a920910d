from restorelab.lazy import lazy_names

PARTS = {
    'ProxyRestorer': 'proxy_restorer',
    'RenderedProxy': 'rendered_proxy',
}
__all__ = list(PARTS)
__getattr__ = lazy_names(__name__, PARTS)
