"""WSDLs written for tests, in the manners of several toolkits."""

SOAP = "http://schemas.xmlsoap.org/wsdl/soap/"
HEAD = (
    '<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:xs="http://www.w3.org/2001/XMLSchema" '
    'xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:t="urn:t" '
    'xmlns:enc="http://schemas.xmlsoap.org/soap/encoding/" targetNamespace="urn:t" name="Erp">'
)


def document(schema: str, operations: dict[str, tuple[str, str]], faults: dict[str, str] | None = None) -> bytes:
    """Write a document/literal WSDL; operations name the elements they take and give."""
    messages, port, binding = [], [], []
    for name, (taken, given) in operations.items():
        fault = (faults or {}).get(name, "")
        messages.append(
            f'<wsdl:message name="{name}In"><wsdl:part name="parameters" element="t:{taken}"/></wsdl:message>'
        )
        messages.append(
            f'<wsdl:message name="{name}Out"><wsdl:part name="parameters" element="t:{given}"/></wsdl:message>'
        )
        if fault:
            messages.append(f'<wsdl:message name="{fault}"><wsdl:part name="f" element="t:{fault}"/></wsdl:message>')
        told = f'<wsdl:fault name="{fault}" message="t:{fault}"/>' if fault else ""
        port.append(f'<wsdl:operation name="{name}"><wsdl:input message="t:{name}In"/>'
                    f'<wsdl:output message="t:{name}Out"/>{told}</wsdl:operation>')  # fmt: skip
        binding.append(f'<wsdl:operation name="{name}"><soap:operation soapAction="urn:t/{name}"/><wsdl:input>'
                       f'<soap:body use="literal"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output>'
                       f'</wsdl:operation>')  # fmt: skip
    return (
        f"{HEAD}<wsdl:types>{schema}</wsdl:types>{''.join(messages)}"
        f'<wsdl:portType name="P">{"".join(port)}</wsdl:portType>'
        f'<wsdl:binding name="B" type="t:P"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>'
        f"{''.join(binding)}</wsdl:binding>"
        f'<wsdl:service name="ErpService"><wsdl:port name="S" binding="t:B">'
        f'<soap:address location="http://erp.example.com/soap"/></wsdl:port></wsdl:service></wsdl:definitions>'
    ).encode()


def rpc(schema: str, operations: dict[str, tuple[dict[str, str], dict[str, str]]], use: str = "encoded") -> bytes:
    """Write an rpc WSDL; operations name the parts they take and give, with their types."""
    messages, port, binding = [], [], []
    for name, sides in operations.items():
        for end, parts in zip(("In", "Out"), sides, strict=True):
            inside = "".join(f'<wsdl:part name="{part}" type="{kind}"/>' for part, kind in parts.items())
            messages.append(f'<wsdl:message name="{name}{end}">{inside}</wsdl:message>')
        port.append(f'<wsdl:operation name="{name}"><wsdl:input message="t:{name}In"/>'
                    f'<wsdl:output message="t:{name}Out"/></wsdl:operation>')  # fmt: skip
        body = f'<soap:body use="{use}" namespace="urn:shop"/>'
        binding.append(f'<wsdl:operation name="{name}"><soap:operation soapAction="urn:Action"/><wsdl:input>{body}'
                       f'</wsdl:input><wsdl:output>{body}</wsdl:output></wsdl:operation>')  # fmt: skip
    return (
        f"{HEAD}<wsdl:types>{schema}</wsdl:types>{''.join(messages)}"
        f'<wsdl:portType name="P">{"".join(port)}</wsdl:portType>'
        f'<wsdl:binding name="B" type="t:P"><soap:binding style="rpc" transport="http://schemas.xmlsoap.org/soap/http"/>'
        f"{''.join(binding)}</wsdl:binding>"
        f'<wsdl:service name="ShopService"><wsdl:port name="S" binding="t:B">'
        f'<soap:address location="http://shop.example.com/api"/></wsdl:port></wsdl:service></wsdl:definitions>'
    ).encode()


def element(name: str, inside: str = "") -> str:
    """Write a global element with members of its own."""
    return (
        f'<xs:element name="{name}"><xs:complexType><xs:sequence>{inside}</xs:sequence></xs:complexType></xs:element>'
    )


def member(name: str, kind: str, **more: str) -> str:
    """Write one member; its type is of the schema, or a built-in with its prefix."""
    kind = kind if ":" in kind else f"t:{kind}"
    marks = "".join(f' {key}="{value}"' for key, value in more.items())
    return f'<xs:element name="{name}" type="{kind}"{marks}/>'


ACCOUNTS_SCHEMA = (
    '<xs:schema targetNamespace="urn:t" elementFormDefault="qualified">'
    '<xs:simpleType name="Iban"><xs:restriction base="xs:string"><xs:length value="22"/>'
    '<xs:pattern value="[A-Z]{2}[0-9]{20}"/></xs:restriction></xs:simpleType>'
    '<xs:simpleType name="State"><xs:restriction base="xs:string"><xs:enumeration value="open"/>'
    '<xs:enumeration value="closed"/></xs:restriction></xs:simpleType>'
    '<xs:simpleType name="Share"><xs:restriction base="xs:decimal"><xs:minInclusive value="0"/>'
    '<xs:maxInclusive value="1"/></xs:restriction></xs:simpleType>'
    '<xs:complexType name="Entity" abstract="true"><xs:sequence>'
    + member("AccountId", "xs:long", minOccurs="0")
    + member("ModifiedOn", "xs:dateTime", minOccurs="0")
    + '</xs:sequence></xs:complexType><xs:complexType name="Account"><xs:complexContent><xs:extension base="t:Entity">'
    "<xs:sequence>"
    + member("Name", "xs:string")
    + member("Iban", "Iban", minOccurs="0", nillable="true")
    + member("State", "State", minOccurs="0")
    + member("Share", "Share", minOccurs="0")
    + member("Floor", "xs:short", minOccurs="0")
    + "<xs:choice>"
    + member("Phone", "xs:string")
    + member("Mail", "xs:string")
    + "</xs:choice>"
    + member("Site", "Site", minOccurs="0")
    + '</xs:sequence><xs:attribute name="locale" type="xs:language"/></xs:extension></xs:complexContent>'
    '</xs:complexType><xs:complexType name="Site"><xs:sequence>'
    + member("City", "xs:string", minOccurs="0")
    + member("Parent", "Site", minOccurs="0")
    + '</xs:sequence></xs:complexType><xs:complexType name="ArrayOfAccount"><xs:sequence>'
    + member("Account", "Account", minOccurs="0", maxOccurs="unbounded", nillable="true")
    + "</xs:sequence></xs:complexType>"
    + element("GetAllAccounts", member("pageNumber", "xs:int") + member("pageSize", "xs:int"))
    + element("GetAllAccountsResponse", member("GetAllAccountsResult", "ArrayOfAccount", minOccurs="0"))
    + element("GetAccountsByCity", member("city", "xs:string"))
    + element("GetAccountsByCityResponse", member("GetAccountsByCityResult", "ArrayOfAccount", minOccurs="0"))
    + element("GetAccountByID", member("accountID", "xs:long"))
    + element("GetAccountByIDResponse", member("GetAccountByIDResult", "Account", minOccurs="0"))
    + element("InsertAccount", member("account", "Account"))
    + element("InsertAccountResponse", member("InsertAccountResult", "xs:long"))
    + element("ModifyAccount", member("account", "Account"))
    + element("ModifyAccountResponse")
    + element("RemoveAccount", member("accountID", "xs:long"))
    + element("RemoveAccountResponse")
    + element("SaveAccount", member("account", "Account"))
    + element("SaveAccountResponse")
    + element("AccountNotFoundFault")
    + element("TooShortFault")
    + element("SystemFault")
    + "</xs:schema>"
)
_NAMES = (
    "GetAccountsByCity", "GetAllAccounts", "GetAccountByID", "InsertAccount", "ModifyAccount", "RemoveAccount",
    "SaveAccount",
)  # fmt: skip
ACCOUNTS = document(
    ACCOUNTS_SCHEMA,
    {name: (name, f"{name}Response") for name in _NAMES},
    {"GetAccountByID": "AccountNotFoundFault", "InsertAccount": "TooShortFault", "ModifyAccount": "SystemFault"},
)

_SESSION = {"sessionId": "xs:string"}
PRODUCTS = rpc(
    '<xs:schema targetNamespace="urn:t"><xs:import namespace="http://schemas.xmlsoap.org/soap/encoding/" '
    'schemaLocation="http://schemas.xmlsoap.org/soap/encoding/"/>'
    '<xs:complexType name="catalogProductEntity"><xs:all>'
    + member("product_id", "xs:string")
    + member("sku", "xs:string")
    + member("name", "xs:string")
    + '</xs:all></xs:complexType><xs:complexType name="catalogProductEntityArray"><xs:complexContent>'
    '<xs:restriction base="enc:Array"><xs:attribute ref="enc:arrayType" '
    'xmlns:w="http://schemas.xmlsoap.org/wsdl/" w:arrayType="t:catalogProductEntity[]"/></xs:restriction>'
    '</xs:complexContent></xs:complexType><xs:complexType name="catalogProductCreateEntity"><xs:all>'
    + member("sku", "xs:string", minOccurs="0")
    + member("name", "xs:string", minOccurs="0")
    + "</xs:all></xs:complexType></xs:schema>",
    {
        "login": ({"username": "xs:string", "apiKey": "xs:string"}, {"loginReturn": "xs:string"}),
        "catalogProductList": (_SESSION, {"storeView": "t:catalogProductEntityArray"}),
        "catalogProductInfo": (_SESSION | {"productId": "xs:string"}, {"info": "t:catalogProductEntity"}),
        "catalogProductCreate": (_SESSION | {"productData": "t:catalogProductCreateEntity"}, {"result": "xs:int"}),
        "catalogProductUpdate": (
            _SESSION | {"product": "xs:string", "productData": "t:catalogProductCreateEntity"},
            {"result": "xs:boolean"},
        ),
        "catalogProductDelete": (_SESSION | {"product": "xs:string"}, {"result": "xs:boolean"}),
    },
)
