"""The web dashboard: shell, screens, callbacks, assets. The only package that imports dash; no Elasticsearch here."""
