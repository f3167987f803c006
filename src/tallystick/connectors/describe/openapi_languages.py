"""What the words that API descriptions are built of mean in English, for systems that speak another language.

Only words of the trade (page, size, since, changed ...), never nouns of a business: those are compared as they are.
Written without accents, as ``words_of`` gives them. A word that means something else in English is left out.
"""

from typing import Final

_SPOKEN: Final = {
    # German
    "page": "seite seiten pagina",
    "page number": "seitennummer seitenzahl seitennr",
    "page size": "seitengroesse seitenlaenge proseite",
    "size": "groesse taille tamano tamanho dimensione grootte",
    "count": "anzahl gesamtzahl cantidad quantidade aantal",
    "total": "gesamt insgesamt totaal",
    "total count": "gesamtanzahl trefferzahl",
    "more": "weitere",
    "next": "naechste naechster naechstes suivant suivante siguiente successivo proximo proxima volgende",
    "previous": "vorige vorherige vorheriger precedent precedente anterior",
    "data": "daten donnees datos dati dados gegevens",
    "entries": "eintraege entrees entradas",
    "results": "ergebnisse ergebnisliste resultats resultados risultati resultaten",
    "result": "ergebnis resultat resultado risultato resultaat",
    "list": "liste lista lijst",
    "values": "werte valeurs valores valori waarden",
    "value": "wert valeur valor valore waarde",
    "records": "datensaetze registros",
    "record": "datensatz registro",
    "items": "positionsliste itens",
    "elements": "elemente elementos elementi elementen",
    "rows": "zeilen lignes filas righe linhas regels",
    "objects": "objekte objets objetos oggetti objecten",
    "hits": "treffer",
    "modified": "geaendert modifie modifiee modificado modificato alterado gewijzigd",
    "modified date": "aenderungsdatum aenderungszeit aenderungszeitpunkt aenderungsdatumzeit",
    "change": "aenderung",
    "updated": "aktualisiert actualise actualisee actualizado aggiornato atualizado bijgewerkt",
    "at": "am",
    "since": "seit depuis desde sinds",
    "created": "erstellt erzeugt angelegt erfasst cree creee creado creato criado aangemaakt",
    "created date": "erstellungsdatum anlagedatum erfassungsdatum",
    "deleted": "geloescht supprime eliminado eliminato excluido verwijderd",
    "last": "letzte letzter derniere dernier ultima ultimo ultimos laatste",
    "sort": "sortierung sortieren sortiere tri trier ordenar ordina sortering",
    "direction": "richtung sortierrichtung direccion direzione",
    "order": "reihenfolge ordenacion ordinamento",
    "number": "nummer nr numero",
    "key": "schluessel clave chiave chave sleutel",
    "identifier": "kennung identifiant identificador identificativo",
    "offset": "versatz startwert",
    "search": "suche suchen recherche buscar cerca zoeken",
    "filter": "filtern filtre filtro",
    "errors": "fehler erreurs errores errori erros fouten",
    "error": "erreur",
    "messages": "meldungen",
    "message": "meldung mensaje messaggio mensagem bericht",
    "date": "datum fecha",
    "time": "zeit uhrzeit zeitpunkt heure hora ora tijd",
    "timestamp": "zeitstempel",
    # verbs in paths
    "create": "anlegen erstellen erzeugen creer crear creare criar aanmaken",
    "update": "aendern aktualisieren modifier actualizar aggiornare atualizar bijwerken",
    "delete": "loeschen entfernen supprimer eliminar eliminare excluir verwijderen",
    "get": "abrufen holen lesen obtenir obtener obtenere obter ophalen",
}  # fmt: skip
ENGLISH: Final = {word: tuple(meaning.split()) for meaning, words in _SPOKEN.items() for word in words.split()}
"""Foreign word -> English words."""
