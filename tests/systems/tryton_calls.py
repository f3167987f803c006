"""The manifest of a Tryton that is called by JSON-RPC or XML-RPC, as its own client does."""

FIELDS = ["name", "code", "active", "lang", "create_date", "last_modified_at", "_timestamp"]
ALL = {"active_test": False}


def tryton_by_calls(address, version):
    """Describe parties; the password is a reference."""
    model = "model.party.party"
    return {
        "protocol": "rpc",
        "base_url": f"{address}/rpc/",
        "network": {"timeout_seconds": 10},
        "limits": {"in_flight": 4},
        "rpc": {
            "version": version,
            "login": {
                "call": "common.db.login",
                "params": ["admin", {"password": "${env:TRYTON_PASSWORD}"}, "en"],
                "keep": {"user": "[0]", "token": "[1]"},
                "header": "Authorization", "scheme": "Session", "value": "admin:{user}:{token}", "base64": True,
            },
            "faults": {
                "refused": ["UserError", "UserWarning", "Validation", "is not valid"],
                "absent": ["that don't exist"],
                "stale": ["ConcurrencyException"],
            },
        },
        "objects": {
            "party": {
                "id_type": "integer",
                "list": {
                    "method": "POST", "path": f"{model}.search_read",
                    "params": ["{where}", "{start}", "{size}", [["id", "ASC"]], FIELDS, ALL],
                    "body": {"where": [], "start": 0, "size": 100},
                },
                "get": {
                    "method": "POST", "path": f"{model}.search_read", "record": "[0]",
                    "params": [[["id", "=", "{id}"]], 0, 1, None, FIELDS, ALL],
                },
                "create": {"method": "POST", "path": f"{model}.create", "params": [["{record}"], ALL]},
                "update": {"method": "POST", "path": f"{model}.write", "params": [["{id}"], "{record}", ALL]},
                "delete": {"method": "POST", "path": f"{model}.delete", "params": [["{id}"], ALL]},
                "paging": {"type": "offset", "offset_param": "start", "limit_param": "size", "limit": 3},
                "since": {
                    "param": "where", "format": "yyyy-MM-dd HH:mm:ss",
                    "template": {"json": [["last_modified_at", ">=", "{}"]]},
                },
                "filters": {"code": {"param": "where", "template": {"json": [["code", "=", "{}"]]}}},
                "version": "_timestamp", "modified": "last_modified_at", "created": "create_date",
                "modified_format": "parts" if version != "xml" else "iso",
                "fields": {
                    "id": {"type": "integer", "read_only": True}, "name": {"type": "text"},
                    "code": {"type": "text", "unique": True, "create_only": True}, "active": {"type": "any"},
                    "lang": {"type": "integer"}, "_timestamp": {"type": "text", "read_only": True},
                },
                "claims": {"create_idem": "search", "strong_reads": True},
            }
        },
    }  # fmt: skip
