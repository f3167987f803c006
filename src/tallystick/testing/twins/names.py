"""Words that made-up companies and persons are made of."""

from typing import Final


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


SURNAMES: Final = _words("""
    Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter Klein Wolf
    Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Schmitt Werner Krause Lehmann Köhler Maier
    Walter König Mayer Huber Kaiser Fuchs Peters Lang Scholz Möller Weiß Jung Hahn Schubert Vogel Friedrich Keller
    Günther Frank Berger Winkler Roth Beck Lorenz Baumann Franke Albrecht Schuster Simon Ludwig Böhm Winter Kraus Martin
    Schumacher Krämer Vogt Stein Jäger Otto Sommer Groß Seidel Heinrich Brandt Haas Schreiber Graf Dietrich Ziegler Kuhn
    Kühn Pohl Engel Horn Busch Bergmann Thomas Voigt Sauer Arnold Wolff Pfeiffer Nguyen Çelik Kowalski Nowák Dvořák
    Østergaard Håkansson Lefèvre Müller-Lüdenscheidt Groß-Bölting Ackermann-Weiß García Núñez Öztürk Straßburger Preuß
""")
FIRST_NAMES: Final = _words("""
    Anna Lena Julia Katharina Sophie Jürgen Günter Björn Sören Jörg Ulrike Käthe Änne Özlem René Zoë Chloé André Hélène
    François Łukasz Małgorzata Jiří Žofie Håkon Åsa Søren Maike Wiebke Thorben Heike Claudia Stefan Michael Andreas
    Thomas Markus Sabine Petra Monika Birgit Uwe Frank Ralf Torsten Kerstin Silke Anja Nadine Jana Jan Tim Lukas Jonas
    Felix Paul Leon Noah Emma Mia Hannah Lea Marie Clara Greta Ida Frieda Karl-Heinz Hans-Jörg Anne-Marie Eva-Maria
    Klaus-Dieter Bärbel Gisela Renate Ingeborg Wolfgang Dietmar Rüdiger Volker Matthias Christoph Sebastian Daniel
""")
BRANCHES: Final = _words("""
    Maschinenbau Elektrotechnik Bäckerei Gebäudereinigung Spedition Getränkehandel Möbelwerkstätten Druckerei Metallbau
    Heizungsbau Gartenbau Feinkost Medizintechnik Prüftechnik Werkzeuge Kältetechnik Großhandel Süßwaren Tiefbau Optik
    Fördertechnik Schließanlagen Weinhandel Textilpflege Softwarehaus Ingenieurbüro Bürobedarf Fahrzeugbau Verpackungen
    Kunststofftechnik Messebau Sägewerk Glasbau Zerspanung Lüftungstechnik Brauerei Obsthof Küchenstudio Gerüstbau
""")
PLACES: Final = {
    "DE": (("Berlin", "101"), ("Hamburg", "203"), ("München", "803"), ("Köln", "506"), ("Frankfurt am Main", "603"),
           ("Düsseldorf", "402"), ("Nürnberg", "904"), ("Münster", "481"), ("Lübeck", "235"), ("Göttingen", "370"),
           ("Gießen", "353"), ("Würzburg", "970"), ("Saarbrücken", "661"), ("Görlitz", "028"), ("Straubing", "943")),
    "AT": (("Wien", "10"), ("Sankt Pölten", "31"), ("Wörgl", "63")),
    "CH": (("Zürich", "80"), ("Genève", "12"), ("Köniz", "30")),
    "FR": (("Orléans", "450"), ("Nîmes", "300"), ("Saint-Étienne", "420")),
    "NL": (("'s-Hertogenbosch", "52"), ("Utrecht", "35")),
    "PL": (("Łódź", "90-0"), ("Kraków", "30-0")),
    "CZ": (("Plzeň", "30"), ("České Budějovice", "37")),
    "DK": (("København", "21"), ("Århus", "80")),
}  # fmt: skip
LEGAL_FORMS: Final = {
    "DE": ("GmbH", "GmbH", "GmbH & Co. KG", "AG", "e.K.", "OHG", "UG", "KG"),
    "AT": ("GmbH", "AG", "e.U."),
    "CH": ("AG", "GmbH", "Sàrl"),
    "FR": ("SARL", "SAS", "S.A."),
    "NL": ("B.V.", "N.V."),
    "PL": ("Sp. z o.o.", "S.A."),
    "CZ": ("s.r.o.", "a.s."),
    "DK": ("ApS", "A/S"),
}
TITLES: Final = ("Geschäftsführung", "Einkauf", "Vertrieb", "Buchhaltung", "IT-Leitung", "Qualitätsprüfung", "")
# Numbers that the authorities set aside for films, so that nobody is ever called.
FILM_NUMBERS: Final = ("+49 30 23125{:03d}", "+49 40 66969{:03d}", "+49 69 90009{:03d}", "+49 89 99998{:03d}")
