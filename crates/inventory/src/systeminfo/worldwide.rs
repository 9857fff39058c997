//! `systeminfo` as Windows prints it around the world: each language in the code pages its consoles use, each role,
//! each system and edition, each way a person hands it over. Made up from the command's resources; no real machine.

use crate::{Limits, codepages as cp, read, snapshots};
use encoding_rs::Encoding;
use model::{Arch, Host, Role};

/// A language's labels in the command's order, and its words.
struct Tongue {
    name: &'static str,
    /// `de;Deutsch (Deutschland)`
    locale: &'static str,
    /// Host name to network cards, 32 labels apart by `|`.
    labels: &'static str,
    /// "N/A" and "build" in the version row.
    version_words: [&'static str; 2],
    /// Standalone and member workstation, standalone and member server, backup and primary domain controller.
    roles: [&'static str; 6],
    /// "2 updates installed".
    installed: &'static str,
    pages: &'static [Page],
}

#[derive(Clone, Copy)]
enum Page {
    Oem(&'static str, &'static cp::UpperHalf),
    Known(&'static str, &'static Encoding),
}

impl Page {
    fn name(self) -> &'static str {
        match self {
            Page::Oem(name, _) | Page::Known(name, _) => name,
        }
    }

    fn encode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Page::Known(_, encoding) => {
                let (bytes, _, lost) = encoding.encode(text);
                (!lost).then(|| bytes.into_owned())
            }
            Page::Oem(_, upper) => text
                .chars()
                .map(|c| match c {
                    c if c.is_ascii() => Some(c as u8),
                    c => upper.iter().position(|&known| known == c).map(|at| at as u8 + 0x80),
                })
                .collect(),
        }
    }
}

const CP850: Page = Page::Oem("cp850", &cp::CP850);
const CP852: Page = Page::Oem("cp852", &cp::CP852);
const CP857: Page = Page::Oem("cp857", &cp::CP857);
const CP737: Page = Page::Oem("cp737", &cp::CP737);
const CP862: Page = Page::Oem("cp862", &cp::CP862);
const CP720: Page = Page::Oem("cp720", &cp::CP720);
const CP775: Page = Page::Oem("cp775", &cp::CP775);

const TONGUES: &[Tongue] = &[
    Tongue {
        name: "en",
        locale: "en-us;English (United States)",
        labels: "Host Name|OS Name|OS Version|OS Manufacturer|OS Configuration|OS Build Type|Registered Owner|Registered Organization|Product ID|Original Install Date|System Boot Time|System Manufacturer|System Model|System Type|Processor(s)|BIOS Version|Windows Directory|System Directory|Boot Device|System Locale|Input Locale|Time Zone|Total Physical Memory|Available Physical Memory|Virtual Memory: Max Size|Virtual Memory: Available|Virtual Memory: In Use|Page File Location(s)|Domain|Logon Server|Hotfix(s)|Network Card(s)",
        version_words: ["N/A", "Build"],
        roles: [
            "Standalone Workstation",
            "Member Workstation",
            "Standalone Server",
            "Member Server",
            "Additional/Backup Domain Controller",
            "Primary Domain Controller",
        ],
        installed: "2 Hotfix(s) Installed.",
        pages: &[],
    },
    Tongue {
        name: "de",
        locale: "de;Deutsch (Deutschland)",
        labels: "Hostname|Betriebssystemname|Betriebssystemversion|Betriebssystemhersteller|Betriebssystemkonfiguration|Betriebssystem-Buildtyp|Registrierter Benutzer|Registrierte Organisation|Produkt-ID|Ursprüngliches Installationsdatum|Systemstartzeit|Systemhersteller|Systemmodell|Systemtyp|Prozessor(en)|BIOS-Version|Windows-Verzeichnis|System-Verzeichnis|Startgerät|Systemgebietsschema|Eingabegebietsschema|Zeitzone|Gesamter physischer Speicher|Verfügbarer physischer Speicher|Virtueller Arbeitsspeicher: Maximale Größe|Virtueller Arbeitsspeicher: Verfügbar|Virtueller Arbeitsspeicher: Zurzeit verwendet|Auslagerungsdateipfad(e)|Domäne|Anmeldeserver|Hotfix(es)|Netzwerkkarte(n)",
        version_words: ["Nicht zutreffend", "Build"],
        roles: [
            "Eigenständige Arbeitsstation",
            "Mitgliedsarbeitsstation",
            "Eigenständiger Server",
            "Mitgliedsserver",
            "Zusätzlicher/Reservedomänencontroller",
            "Primärer Domänencontroller",
        ],
        installed: "2 Hotfix(e) installiert.",
        pages: &[CP850, Page::Known("cp1252", encoding_rs::WINDOWS_1252)],
    },
    Tongue {
        name: "es",
        locale: "es;Español (internacional)",
        labels: "Nombre de host|Nombre del sistema operativo|Versión del sistema operativo|Fabricante del sistema operativo|Configuración del sistema operativo|Tipo de compilación del sistema operativo|Propiedad de|Organización registrada|Id. del producto|Fecha de instalación original|Tiempo de arranque del sistema|Fabricante del sistema|Modelo el sistema|Tipo de sistema|Procesador(es)|Versión del BIOS|Directorio de Windows|Directorio de sistema|Dispositivo de arranque|Configuración regional del sistema|Idioma de entrada|Zona horaria|Cantidad total de memoria física|Memoria física disponible|Memoria virtual: tamaño máximo|Memoria virtual: disponible|Memoria virtual: en uso|Ubicación(es) de archivo de paginación|Dominio|Servidor de inicio de sesión|Revisión(es)|Tarjeta(s) de red",
        version_words: ["N/D", "Compilación"],
        roles: [
            "Estación de trabajo independiente",
            "Estación de trabajo miembro",
            "Servidor independiente",
            "Servidor miembro",
            "Controlador de dominio de reserva/adicional",
            "Controlador de dominio principal",
        ],
        installed: "2 revisión(es) instaladas.",
        pages: &[CP850, Page::Known("cp1252", encoding_rs::WINDOWS_1252)],
    },
    Tongue {
        name: "fr",
        locale: "fr;Français (France)",
        labels: "Nom de l'hôte|Nom du système d'exploitation|Version du système|Fabricant du système d'exploitation|Configuration du système d'exploitation|Type de version du système d'exploitation|Propriétaire enregistré|Organisation enregistrée|Identificateur de produit|Date d'installation originale|Heure de démarrage du système|Fabricant du système|Modèle du système|Type du système|Processeur(s)|Version du BIOS|Répertoire Windows|Répertoire système|Périphérique d'amorçage|Option régionale du système|Paramètres régionaux d'entrée|Fuseau horaire|Mémoire physique totale|Mémoire physique disponible|Mémoire virtuelle : taille maximale|Mémoire virtuelle : disponible|Mémoire virtuelle : en cours d'utilisation|Emplacements des fichiers d'échange|Domaine|Serveur d'ouverture de session|Correctif(s)|Carte(s) réseau",
        version_words: ["N/A", "version"],
        roles: [
            "Station de travail autonome",
            "Station de travail membre",
            "Serveur autonome",
            "Serveur membre",
            "Contrôleur supplémentaire/secondaire de domaine",
            "Contrôleur principal de domaine",
        ],
        installed: "2 Corrections installées.",
        pages: &[CP850, Page::Known("cp1252", encoding_rs::WINDOWS_1252)],
    },
    Tongue {
        name: "it",
        locale: "it;Italiano (Italia)",
        labels: "Nome host|Nome SO|Versione SO|Produttore SO|Configurazione SO|Tipo build SO|Proprietario registrato|Organizzazione registrata|Numero di serie|Data di installazione originale|Tempo di avvio sistema|Produttore sistema|Modello sistema|Tipo sistema|Processore|Versione BIOS|Directory Windows|Directory di sistema|Dispositivo di avvio|Impostazioni locali sistema|Impostazioni locali di input|Fuso orario|Memoria fisica totale|Memoria fisica disponibile|Memoria virtuale: dimensione massima|Memoria virtuale: disponibile|Memoria virtuale: in uso|Posizioni file di paging|Dominio|Server di accesso|Aggiornamenti rapidi|Schede di rete",
        version_words: ["N/D", "build"],
        roles: [
            "Workstation autonoma",
            "Workstation membro",
            "Server autonomo",
            "Server membro",
            "Controller di dominio di backup",
            "Controller di dominio primario",
        ],
        installed: "2 Aggiornamenti rapidi installati.",
        pages: &[],
    },
    Tongue {
        name: "nl",
        locale: "nl;Nederlands (Nederland)",
        labels: "Hostnaam|Naam van besturingssysteem|Versie van besturingssysteem|Fabrikant van besturingssysteem|Configuratie van besturingssysteem|Buildtype van besturingssysteem|Geregistreerde eigenaar|Geregistreerde organisatie|Product-id|Oorspronkelijke installatiedatum|Opstarttijd van systeem|Systeemfabrikant|Systeemmodel|Systeemtype|Processor(s)|BIOS-versie|Windows-map|Systeemmap|Opstartapparaat|Landinstelling van systeem|Landinstelling voor invoer|Tijdzone|Totaal fysiek geheugen|Beschikbaar fysiek geheugen|Virtueel geheugen: max. grootte|Virtueel geheugen: beschikbaar|Virtueel geheugen: in gebruik|Locatie(s) van wisselbestand|Domein|Aanmeldingsserver|Hotfix(es)|Netwerkkaart(en)",
        version_words: ["N.v.t.", "build"],
        roles: [
            "Zelfstandig werkstation",
            "Lidwerkstation",
            "Zelfstandige server",
            "Lidserver",
            "Extra/reserve-domeincontroller",
            "Primaire domeincontroller",
        ],
        installed: "2 hotfix(es) geïnstalleerd.",
        pages: &[CP850, Page::Known("cp1252", encoding_rs::WINDOWS_1252)],
    },
    Tongue {
        name: "pt",
        locale: "pt-br;Português (Brasil)",
        labels: "Nome do host|Nome do sistema operacional|Versão do sistema operacional|Fabricante do sistema operacional|Configuração do SO|Tipo de compilação do sistema operacional|Proprietário registrado|Organização registrada|Identificação do produto|Data da instalação original|Tempo de Inicialização do Sistema|Fabricante do sistema|Modelo do sistema|Tipo de sistema|Processador(es)|Versão do BIOS|Pasta do Windows|Pasta do sistema|Inicializar dispositivo|Localidade do sistema|Localidade de entrada|Fuso horário|Memória física total|Memória física disponível|Memória Virtual: Tamanho Máximo|Memória Virtual: Disponível|Memória Virtual: Em Uso|Local(is) de arquivo de paginação|Domínio|Servidor de Logon|Hotfix(es)|Placa(s) de Rede",
        version_words: ["N/A", "compilação"],
        roles: [
            "Estação de trabalho autônoma",
            "Estação de trabalho membro",
            "Servidor autônomo",
            "Servidor membro",
            "Controlador de domínio de backup",
            "Controlador de domínio primário",
        ],
        installed: "2 hotfix(es) instalado(s).",
        pages: &[CP850, Page::Known("cp1252", encoding_rs::WINDOWS_1252)],
    },
    Tongue {
        name: "pt",
        locale: "pt;Português (Portugal)",
        labels: "Nome do anfitrião|Nome do SO|Versão do SO|Fabricante do SO|Configuração do SO|Tipo de compilação do SO|Proprietário registado|Organização registada|ID do produto|Data de instalação original|Hora de arranque do sistema|Fabricante do sistema|Modelo do sistema|Tipo de sistema|Processador(es)|Versão do BIOS|Directório do Windows|Directório do sistema|Dispositivo de arranque|Região do sistema|Região de introdução|Fuso horário|Memória física total|Memória física disponível|Memória virtual: tamanho máximo|Memória virtual: disponível|Memória virtual: em utilização|Localização dos ficheiros de paginação|Domínio|Servidor de início de sessão|Correcções|Placas de rede",
        version_words: ["N/D", "Compilação"],
        roles: [
            "Estação de trabalho autónoma",
            "Estação de trabalho membro",
            "Servidor autónomo",
            "Servidor membro",
            "Controlador de domínio de reserva",
            "Controlador de domínio principal",
        ],
        installed: "2 correcções instaladas.",
        pages: &[CP850, Page::Known("cp1252", encoding_rs::WINDOWS_1252)],
    },
    Tongue {
        name: "pl",
        locale: "pl;Polski (Polska)",
        labels: "Nazwa hosta|Nazwa systemu operacyjnego|Wersja systemu operacyjnego|Producent systemu operacyjnego|Konfiguracja systemu operacyjnego|Typ kompilacji systemu operacyjnego|Zarejestrowany właściciel|Zarejestrowana organizacja|Identyfikator produktu|Data pierwotnej instalacji|Czas rozruchu systemu|Producent systemu|Model systemu|Typ systemu|Procesor(y)|Wersja systemu BIOS|Katalog systemu Windows|Katalog systemowy|Urządzenie rozruchowe|Ustawienia regionalne systemu|Wejściowe ustawienia regionalne|Strefa czasowa|Całkowita pamięć fizyczna|Dostępna pamięć fizyczna|Pamięć wirtualna: maksymalny rozmiar|Pamięć wirtualna: dostępna|Pamięć wirtualna: w użyciu|Lokalizacje pliku stronicowania|Domena|Serwer logowania|Poprawki|Karty sieciowe",
        version_words: ["nie dotyczy", "kompilacja"],
        roles: [
            "Autonomiczna stacja robocza",
            "Członkowska stacja robocza",
            "Serwer autonomiczny",
            "Serwer członkowski",
            "Zapasowy kontroler domeny",
            "Podstawowy kontroler domeny",
        ],
        installed: "Zainstalowano 2 poprawek.",
        pages: &[CP852, Page::Known("cp1250", encoding_rs::WINDOWS_1250)],
    },
    Tongue {
        name: "cs",
        locale: "cs;Čeština",
        labels: "Název hostitele|Název operačního systému|Verze operačního systému|Výrobce operačního systému|Konfigurace operačního systému|Typ sestavení operačního systému|Registrovaný vlastník|Registrovaná organizace|ID produktu|Původní datum instalace|Čas spuštění systému|Výrobce systému|Model systému|Typ systému|Procesory|Verze systému BIOS|Adresář systému Windows|Systémový adresář|Spouštěcí zařízení|Národní prostředí systému|Vstupní národní prostředí|Časové pásmo|Celková fyzická paměť|Dostupná fyzická paměť|Virtuální paměť: maximální velikost|Virtuální paměť: dostupná|Virtuální paměť: používaná|Umístění stránkovacího souboru|Doména|Přihlašovací server|Opravy hotfix|Síťové karty",
        version_words: ["není k dispozici", "sestavení"],
        roles: [
            "Samostatná pracovní stanice",
            "Členská pracovní stanice",
            "Samostatný server",
            "Členský server",
            "Záložní řadič domény",
            "Primární řadič domény",
        ],
        installed: "Počet nainstalovaných oprav hotfix: 2.",
        pages: &[CP852, Page::Known("cp1250", encoding_rs::WINDOWS_1250)],
    },
    Tongue {
        name: "tr",
        locale: "tr;Türkçe",
        labels: "Ana Bilgisayar Adı|İşletim Sistemi Adı|İşletim Sistemi Sürümü|İşletim Sistemi Üreticisi|İşletim Sistemi Yapılandırması|İşletim Sistemi Derleme Türü|Kayıtlı Sahip|Kayıtlı Kuruluş|Ürün Kimliği|Özgün Yükleme Tarihi|Sistem Önyükleme Zamanı|Sistem Üreticisi|Sistem Modeli|Sistem Türü|İşlemci(ler)|BIOS Sürümü|Windows Dizini|Sistem Dizini|Önyükleme Aygıtı|Sistem Yerel Ayarları|Giriş Yerel Ayarı|Saat Dilimi|Toplam Fiziksel Bellek|Kullanılabilir Fiziksel Bellek|Sanal Bellek: En Büyük Boyut|Sanal Bellek: Kullanılabilir|Sanal Bellek: Kullanımda|Disk Belleği Dosyası Konumları|Etki Alanı|Oturum Açma Sunucusu|Düzeltmeler|Ağ Kartları",
        version_words: ["Yok", "Derleme"],
        roles: [
            "Tek Başına İş İstasyonu",
            "Üye İş İstasyonu",
            "Tek Başına Sunucu",
            "Üye Sunucu",
            "Yedek Etki Alanı Denetleyicisi",
            "Birincil Etki Alanı Denetleyicisi",
        ],
        installed: "2 düzeltme yüklendi.",
        pages: &[CP857, Page::Known("cp1254", encoding_rs::WINDOWS_1254)],
    },
    Tongue {
        name: "ru",
        locale: "ru;Русский",
        labels: "Имя узла|Название ОС|Версия ОС|Изготовитель ОС|Параметры ОС|Сборка ОС|Зарегистрированный владелец|Зарегистрированная организация|Код продукта|Дата установки|Время загрузки системы|Изготовитель системы|Модель системы|Тип системы|Процессор(ы)|Версия BIOS|Папка Windows|Системная папка|Устройство загрузки|Язык системы|Язык ввода|Часовой пояс|Полный объем физической памяти|Доступная физическая память|Виртуальная память: Макс. размер|Виртуальная память: Доступна|Виртуальная память: Используется|Расположение файла подкачки|Домен|Сервер входа в сеть|Исправление(я)|Сетевые адаптеры",
        version_words: ["Н/Д", "построение"],
        roles: [
            "Изолированная рабочая станция",
            "Рядовая рабочая станция",
            "Изолированный сервер",
            "Рядовой сервер",
            "Резервный контроллер домена",
            "Основной контроллер домена",
        ],
        installed: "Число установленных исправлений - 2.",
        pages: &[Page::Known("cp866", encoding_rs::IBM866), Page::Known("cp1251", encoding_rs::WINDOWS_1251)],
    },
    Tongue {
        name: "el",
        locale: "el;Ελληνικά",
        labels: "Όνομα κεντρικού υπολογιστή|Όνομα λειτουργικού συστήματος|Έκδοση λειτουργικού συστήματος|Κατασκευαστής λειτουργικού συστήματος|Ρύθμιση παραμέτρων λειτουργικού συστήματος|Τύπος δομής λειτουργικού συστήματος|Καταχωρημένος κάτοχος|Καταχωρημένος οργανισμός|Αναγνωριστικό προϊόντος|Αρχική ημερομηνία εγκατάστασης|Χρόνος εκκίνησης συστήματος|Κατασκευαστής συστήματος|Μοντέλο συστήματος|Τύπος συστήματος|Επεξεργαστές|Έκδοση BIOS|Κατάλογος των Windows|Κατάλογος συστήματος|Συσκευή εκκίνησης|Τοπικές ρυθμίσεις συστήματος|Τοπικές ρυθμίσεις εισόδου|Ζώνη ώρας|Συνολική φυσική μνήμη|Διαθέσιμη φυσική μνήμη|Εικονική μνήμη: Μέγιστο μέγεθος|Εικονική μνήμη: Διαθέσιμη|Εικονική μνήμη: Σε χρήση|Θέσεις αρχείου σελιδοποίησης|Τομέας|Διακομιστής σύνδεσης|Επείγουσες επιδιορθώσεις|Κάρτες δικτύου",
        version_words: ["Δ/Υ", "Δομή"],
        roles: [
            "Αυτόνομος σταθμός εργασίας",
            "Σταθμός εργασίας μέλους",
            "Αυτόνομος διακομιστής",
            "Διακομιστής μέλους",
            "Εφεδρικός ελεγκτής τομέα",
            "Πρωτεύων ελεγκτής τομέα",
        ],
        installed: "2 επείγουσες επιδιορθώσεις.",
        pages: &[CP737, Page::Known("cp1253", encoding_rs::WINDOWS_1253)],
    },
    Tongue {
        name: "hu",
        locale: "hu;Magyar",
        labels: "Állomásnév|Operációs rendszer neve|Operációs rendszer verziója|Operációs rendszer gyártója|Operációs rendszer konfigurációja|Operációs rendszer buildtípusa|Bejegyzett tulajdonos|Bejegyzett szervezet|Termékazonosító|Eredeti telepítés dátuma|Rendszerindítás ideje|Rendszer gyártója|Rendszer modellje|Rendszer típusa|Processzor(ok)|BIOS verziója|Windows-könyvtár|Rendszerkönyvtár|Rendszerindító eszköz|Rendszer területi beállítása|Bevitel területi beállítása|Időzóna|Összes fizikai memória|Elérhető fizikai memória|Virtuális memória: maximális méret|Virtuális memória: elérhető|Virtuális memória: használatban|Lapozófájl helye|Tartomány|Bejelentkezési kiszolgáló|Gyorsjavítások|Hálózati kártyák",
        version_words: ["nem érhető el", "build"],
        roles: [
            "Önálló munkaállomás",
            "Tag munkaállomás",
            "Önálló kiszolgáló",
            "Tagkiszolgáló",
            "Másodlagos tartományvezérlő",
            "Elsődleges tartományvezérlő",
        ],
        installed: "2 gyorsjavítás telepítve.",
        pages: &[CP852, Page::Known("cp1250", encoding_rs::WINDOWS_1250)],
    },
    Tongue {
        name: "sv",
        locale: "sv;Svenska",
        labels: "Värddatornamn|OS-namn|OS-version|OS-tillverkare|OS-konfiguration|OS-versionstyp|Registrerad ägare|Registrerad organisation|Produkt-ID|Ursprungligt installationsdatum|Systemets starttid|Systemtillverkare|Systemmodell|Systemtyp|Processor(er)|BIOS-version|Windows-katalog|Systemkatalog|Startenhet|Nationella inställningar för systemet|Nationella inställningar för indata|Tidszon|Totalt fysiskt minne|Tillgängligt fysiskt minne|Virtuellt minne: Maximal storlek|Virtuellt minne: Tillgängligt|Virtuellt minne: Används|Växlingsfilens plats(er)|Domän|Inloggningsserver|Snabbkorrigeringar|Nätverkskort",
        version_words: ["Saknas", "version"],
        roles: [
            "Fristående arbetsstation",
            "Medlemsarbetsstation",
            "Fristående server",
            "Medlemsserver",
            "Reservdomänkontrollant",
            "Primär domänkontrollant",
        ],
        installed: "2 snabbkorrigeringar är installerade.",
        pages: &[CP850, Page::Known("cp1252", encoding_rs::WINDOWS_1252)],
    },
    Tongue {
        name: "nb",
        locale: "nb-no;Norsk (bokmål)",
        labels: "Vertsnavn|OS-navn|OS-versjon|OS-produsent|OS-konfigurasjon|OS-versjonstype|Registrert eier|Registrert organisasjon|Produkt-ID|Opprinnelig installasjonsdato|Systemets oppstartstid|Systemprodusent|Systemmodell|Systemtype|Prosessor(er)|BIOS-versjon|Windows-katalog|Systemkatalog|Oppstartsenhet|Nasjonal innstilling for systemet|Nasjonal innstilling for inndata|Tidssone|Totalt fysisk minne|Tilgjengelig fysisk minne|Virtuelt minne: maksimal størrelse|Virtuelt minne: tilgjengelig|Virtuelt minne: i bruk|Plassering av sidevekslingsfil|Domene|Påloggingsserver|Hurtigreparasjoner|Nettverkskort",
        version_words: ["I/T", "build"],
        roles: [
            "Frittstående arbeidsstasjon",
            "Medlemsarbeidsstasjon",
            "Frittstående server",
            "Medlemsserver",
            "Reservedomenekontroller",
            "Primær domenekontroller",
        ],
        installed: "2 hurtigreparasjon(er) er installert.",
        pages: &[CP850, Page::Known("cp1252", encoding_rs::WINDOWS_1252)],
    },
    Tongue {
        name: "da",
        locale: "da;Dansk",
        labels: "Værtsnavn|Operativsystemets navn|Operativsystemets version|Operativsystemets producent|Operativsystemets konfiguration|Operativsystemets buildtype|Registreret ejer|Registreret organisation|Produkt-id|Oprindelig installationsdato|Tidspunkt for systemstart|Systemproducent|Systemmodel|Systemtype|Processor(er)|BIOS-version|Windows-bibliotek|Systembibliotek|Startenhed|Landestandard for system|Landestandard for input|Tidszone|Fysisk hukommelse i alt|Tilgængelig fysisk hukommelse|Virtuel hukommelse: Maks. størrelse|Virtuel hukommelse: Tilgængelig|Virtuel hukommelse: I brug|Placering af sidefil|Domæne|Logonserver|Hotfix|Netværkskort",
        version_words: ["Ikke tilgængelig", "build"],
        roles: [
            "Separat arbejdsstation",
            "Medlemsarbejdsstation",
            "Separat server",
            "Medlemsserver",
            "Sekundær domænecontroller",
            "Primær domænecontroller",
        ],
        installed: "2 hotfix er installeret.",
        pages: &[CP850, Page::Known("cp1252", encoding_rs::WINDOWS_1252)],
    },
    Tongue {
        name: "fi",
        locale: "fi;Suomi",
        labels: "Isäntänimi|Käyttöjärjestelmän nimi|Käyttöjärjestelmän versio|Käyttöjärjestelmän valmistaja|Käyttöjärjestelmän määritys|Käyttöjärjestelmän koontiversion tyyppi|Rekisteröity omistaja|Rekisteröity organisaatio|Tuotetunnus|Alkuperäinen asennuspäivä|Järjestelmän käynnistysaika|Järjestelmän valmistaja|Järjestelmän malli|Järjestelmätyyppi|Suorittimet|BIOS-versio|Windows-hakemisto|Järjestelmähakemisto|Käynnistyslaite|Järjestelmän alueasetus|Syötteen alueasetus|Aikavyöhyke|Fyysinen muisti yhteensä|Vapaana oleva fyysinen muisti|Näennäismuisti: enimmäiskoko|Näennäismuisti: vapaana|Näennäismuisti: käytössä|Sivutustiedoston sijainti|Toimialue|Kirjautumispalvelin|Korjaukset|Verkkokortit",
        version_words: ["Ei käytettävissä", "koontiversio"],
        roles: [
            "Erillinen työasema",
            "Jäsentyöasema",
            "Erillinen palvelin",
            "Jäsenpalvelin",
            "Toissijainen toimialueen ohjauskone",
            "Ensisijainen toimialueen ohjauskone",
        ],
        installed: "2 korjausta asennettu.",
        pages: &[CP850, Page::Known("cp1252", encoding_rs::WINDOWS_1252)],
    },
    Tongue {
        name: "ro",
        locale: "ro;Română",
        labels: "Nume gazdă|Nume SO|Versiune SO|Producător SO|Configurație SO|Tip compilare SO|Proprietar înregistrat|Organizație înregistrată|ID produs|Data instalării inițiale|Ora pornirii sistemului|Producător sistem|Model sistem|Tip sistem|Procesor(e)|Versiune BIOS|Director Windows|Director de sistem|Dispozitiv de pornire|Setări regionale sistem|Setări regionale intrare|Fus orar|Memorie fizică totală|Memorie fizică disponibilă|Memorie virtuală: dimensiune maximă|Memorie virtuală: disponibilă|Memorie virtuală: utilizată|Locații fișier de paginare|Domeniu|Server de conectare|Remedieri rapide|Plăci de rețea",
        version_words: ["Indisponibil", "compilare"],
        roles: [
            "Stație de lucru independentă",
            "Stație de lucru membră",
            "Server independent",
            "Server membru",
            "Controler de domeniu de rezervă",
            "Controler de domeniu principal",
        ],
        installed: "2 remedieri rapide instalate.",
        pages: &[],
    },
    Tongue {
        name: "uk",
        locale: "uk;Українська",
        labels: "Ім'я вузла|Назва ОС|Версія ОС|Виробник ОС|Конфігурація ОС|Тип збірки ОС|Зареєстрований власник|Зареєстрована організація|Код продукту|Дата встановлення|Час завантаження системи|Виробник системи|Модель системи|Тип системи|Процесор(и)|Версія BIOS|Папка Windows|Системна папка|Пристрій завантаження|Мова системи|Мова вводу|Часовий пояс|Повний обсяг фізичної пам'яті|Доступна фізична пам'ять|Віртуальна пам'ять: макс. розмір|Віртуальна пам'ять: доступно|Віртуальна пам'ять: використовується|Розташування файлу підкачки|Домен|Сервер входу|Виправлення|Мережеві адаптери",
        version_words: ["Н/Д", "збірка"],
        roles: [
            "Ізольована робоча станція",
            "Рядова робоча станція",
            "Ізольований сервер",
            "Рядовий сервер",
            "Резервний контролер домену",
            "Основний контролер домену",
        ],
        installed: "Установлено виправлень: 2.",
        pages: &[Page::Known("cp1251", encoding_rs::WINDOWS_1251)],
    },
    Tongue {
        name: "ja",
        locale: "ja;日本語",
        labels: "ホスト名|OS 名|OS バージョン|OS 製造元|OS 構成|OS ビルドの種類|登録されている所有者|登録されている組織|プロダクト ID|最初のインストール日付|システム起動時間|システム製造元|システム モデル|システムの種類|プロセッサ|BIOS バージョン|Windows ディレクトリ|システム ディレクトリ|起動デバイス|システム ロケール|入力ロケール|タイム ゾーン|物理メモリの合計|利用できる物理メモリ|仮想メモリ: 最大サイズ|仮想メモリ: 利用可能|仮想メモリ: 使用中|ページ ファイルの場所|ドメイン|ログオン サーバー|ホットフィックス|ネットワーク カード",
        version_words: ["N/A", "ビルド"],
        roles: [
            "スタンドアロン ワークステーション",
            "メンバー ワークステーション",
            "スタンドアロン サーバー",
            "メンバー サーバー",
            "追加/バックアップ ドメイン コントローラー",
            "プライマリ ドメイン コントローラー",
        ],
        installed: "2 ホットフィックスがインストールされています。",
        pages: &[Page::Known("cp932", encoding_rs::SHIFT_JIS)],
    },
    Tongue {
        name: "ko",
        locale: "ko;한국어",
        labels: "호스트 이름|OS 이름|OS 버전|OS 제조업체|OS 구성|OS 빌드 종류|등록된 소유자|등록된 조직|제품 ID|원래 설치 날짜|시스템 부트 시간|시스템 제조업체|시스템 모델|시스템 종류|프로세서|BIOS 버전|Windows 디렉터리|시스템 디렉터리|부팅 장치|시스템 로캘|입력 로캘|표준 시간대|총 실제 메모리|사용 가능한 실제 메모리|가상 메모리: 최대 크기|가상 메모리: 사용 가능|가상 메모리: 사용 중|페이지 파일 위치|도메인|로그온 서버|핫픽스|네트워크 카드",
        version_words: ["N/A", "빌드"],
        roles: [
            "독립 실행형 워크스테이션",
            "구성원 워크스테이션",
            "독립 실행형 서버",
            "구성원 서버",
            "백업 도메인 컨트롤러",
            "주 도메인 컨트롤러",
        ],
        installed: "2개의 핫픽스가 설치되어 있습니다.",
        pages: &[Page::Known("cp949", encoding_rs::EUC_KR)],
    },
    Tongue {
        name: "zh-tw",
        locale: "zh-tw;中文 (台灣)",
        labels: "主機名稱|作業系統名稱|作業系統版本|作業系統製造商|作業系統設定|作業系統組建類型|註冊的擁有者|註冊的組織|產品識別碼|原始安裝日期|系統開機時間|系統製造商|系統型號|系統類型|處理器|BIOS 版本|Windows 目錄|系統目錄|開機裝置|系統地區設定|輸入法地區設定|時區|實體記憶體總計|可用實體記憶體|虛擬記憶體: 大小上限|虛擬記憶體: 可用|虛擬記憶體: 使用中|分頁檔位置|網域|登入伺服器|Hotfix|網路卡",
        version_words: ["N/A", "組建"],
        roles: ["獨立工作站", "成員工作站", "獨立伺服器", "成員伺服器", "備份網域控制站", "主要網域控制站"],
        installed: "已安裝 2 Hotfix。",
        pages: &[Page::Known("cp950", encoding_rs::BIG5)],
    },
    Tongue {
        name: "zh-cn",
        locale: "zh-cn;中文(中国)",
        labels: "主机名|OS 名称|OS 版本|OS 制造商|OS 配置|OS 构建类型|注册的所有人|注册的组织|产品 ID|初始安装日期|系统启动时间|系统制造商|系统型号|系统类型|处理器|BIOS 版本|Windows 目录|系统目录|启动设备|系统区域设置|输入法区域设置|时区|物理内存总量|可用的物理内存|虚拟内存: 最大值|虚拟内存: 可用|虚拟内存: 使用中|页面文件位置|域|登录服务器|修补程序|网卡",
        version_words: ["暂缺", "Build"],
        roles: ["独立工作站", "成员工作站", "独立服务器", "成员服务器", "其他/备份域控制器", "主域控制器"],
        installed: "安装了 2 个修补程序。",
        pages: &[Page::Known("cp936", encoding_rs::GBK)],
    },
    Tongue {
        name: "ar",
        locale: "ar-sa;العربية (المملكة العربية السعودية)",
        labels: "اسم المضيف|اسم نظام التشغيل|إصدار نظام التشغيل|الشركة المصنعة لنظام التشغيل|تكوين نظام التشغيل|نوع بنية نظام التشغيل|المالك المسجل|المؤسسة المسجلة|معرف المنتج|تاريخ التثبيت الأصلي|وقت تمهيد النظام|الشركة المصنعة للنظام|طراز النظام|نوع النظام|المعالج|إصدار BIOS|دليل Windows|دليل النظام|جهاز التمهيد|لغة النظام|لغة الإدخال|المنطقة الزمنية|إجمالي الذاكرة الفعلية|الذاكرة الفعلية المتوفرة|الذاكرة الظاهرية: الحجم الأقصى|الذاكرة الظاهرية: المتوفر|الذاكرة الظاهرية: قيد الاستخدام|مواقع ملف الصفحات|المجال|ملقم تسجيل الدخول|الإصلاحات العاجلة|بطاقات الشبكة",
        version_words: ["غير متوفر", "الإصدار"],
        roles: [
            "محطة عمل مستقلة",
            "محطة عمل عضو",
            "خادم مستقل",
            "خادم عضو",
            "وحدة تحكم مجال احتياطية",
            "وحدة تحكم المجال الأساسية",
        ],
        installed: "تم تثبيت 2 من الإصلاحات.",
        pages: &[CP720, Page::Known("cp1256", encoding_rs::WINDOWS_1256)],
    },
    Tongue {
        name: "he",
        locale: "he;עברית",
        labels: "שם מארח|שם מערכת הפעלה|גירסת מערכת הפעלה|יצרן מערכת הפעלה|תצורת מערכת הפעלה|סוג בניית מערכת הפעלה|בעלים רשום|ארגון רשום|מזהה מוצר|תאריך התקנה מקורי|שעת אתחול המערכת|יצרן המערכת|דגם המערכת|סוג המערכת|מעבדים|גירסת BIOS|ספריית Windows|ספריית מערכת|התקן אתחול|הגדרות אזוריות של המערכת|הגדרות אזוריות של קלט|אזור זמן|סך כל הזיכרון הפיזי|זיכרון פיזי זמין|זיכרון וירטואלי: גודל מרבי|זיכרון וירטואלי: זמין|זיכרון וירטואלי: בשימוש|מיקומי קובץ החלפה|תחום|שרת כניסה|תיקונים חמים|כרטיסי רשת",
        version_words: ["לא ישים", "גירסה"],
        roles: ["תחנת עבודה עצמאית", "תחנת עבודה חברה", "שרת עצמאי", "שרת חבר", "בקר תחום גיבוי", "בקר תחום ראשי"],
        installed: "הותקנו 2 תיקונים.",
        pages: &[CP862, Page::Known("cp1255", encoding_rs::WINDOWS_1255)],
    },
    Tongue {
        name: "th",
        locale: "th;ไทย",
        labels: "ชื่อโฮสต์|ชื่อระบบปฏิบัติการ|รุ่นระบบปฏิบัติการ|ผู้ผลิตระบบปฏิบัติการ|การกำหนดค่าระบบปฏิบัติการ|ชนิดการสร้างระบบปฏิบัติการ|เจ้าของที่ลงทะเบียน|องค์กรที่ลงทะเบียน|รหัสผลิตภัณฑ์|วันที่ติดตั้งเดิม|เวลาเริ่มระบบ|ผู้ผลิตระบบ|รุ่นของระบบ|ชนิดระบบ|ตัวประมวลผล|รุ่น BIOS|ไดเรกทอรี Windows|ไดเรกทอรีระบบ|อุปกรณ์เริ่มระบบ|ตำแหน่งที่ตั้งของระบบ|ตำแหน่งที่ตั้งการป้อนข้อมูล|โซนเวลา|หน่วยความจำจริงทั้งหมด|หน่วยความจำจริงที่มี|หน่วยความจำเสมือน: ขนาดสูงสุด|หน่วยความจำเสมือน: ที่มี|หน่วยความจำเสมือน: ที่ใช้|ตำแหน่งแฟ้มเพจ|โดเมน|เซิร์ฟเวอร์การเข้าสู่ระบบ|โปรแกรมแก้ไขด่วน|การ์ดเครือข่าย",
        version_words: ["ไม่มี", "รุ่น"],
        roles: [
            "เวิร์กสเตชันแบบสแตนด์อโลน",
            "เวิร์กสเตชันสมาชิก",
            "เซิร์ฟเวอร์แบบสแตนด์อโลน",
            "เซิร์ฟเวอร์สมาชิก",
            "ตัวควบคุมโดเมนสำรอง",
            "ตัวควบคุมโดเมนหลัก",
        ],
        installed: "ติดตั้งโปรแกรมแก้ไขด่วน 2 รายการ",
        pages: &[Page::Known("cp874", encoding_rs::WINDOWS_874)],
    },
    Tongue {
        name: "lt",
        locale: "lt;Lietuvių",
        labels: "Pagrindinio kompiuterio vardas|OS pavadinimas|OS versija|OS gamintojas|OS konfigūracija|OS komponavimo tipas|Registruotas savininkas|Registruota organizacija|Produkto ID|Pradinė įdiegimo data|Sistemos įkrovos laikas|Sistemos gamintojas|Sistemos modelis|Sistemos tipas|Procesorius|BIOS versija|Windows katalogas|Sistemos katalogas|Įkrovos įrenginys|Sistemos lokalė|Įvesties lokalė|Laiko juosta|Visa fizinė atmintis|Laisva fizinė atmintis|Virtualioji atmintis: didžiausias dydis|Virtualioji atmintis: laisva|Virtualioji atmintis: naudojama|Puslapių failo vietos|Domenas|Prisijungimo serveris|Karštosios pataisos|Tinklo plokštės",
        version_words: ["Nėra", "komponavimo versija"],
        roles: [
            "Autonominė darbo stotis",
            "Narė darbo stotis",
            "Autonominis serveris",
            "Narys serveris",
            "Atsarginis domeno valdiklis",
            "Pirminis domeno valdiklis",
        ],
        installed: "Įdiegta karštųjų pataisų: 2.",
        pages: &[CP775, Page::Known("cp1257", encoding_rs::WINDOWS_1257)],
    },
];

const ROLES: [Role; 6] = [
    Role::StandaloneWorkstation,
    Role::MemberWorkstation,
    Role::StandaloneServer,
    Role::MemberServer,
    Role::BackupDomainController,
    Role::PrimaryDomainController,
];

/// A machine to be printed: `version` with `%n` for "N/A" and `%b` for "build".
struct Machine<'a> {
    os: &'a str,
    version: &'a str,
    kind: &'a str,
    hotfixes: &'a [&'a str],
}

const SEVEN: Machine<'static> = Machine {
    os: "Microsoft Windows 7 Professional ",
    version: "6.1.7601 Service Pack 1 %b 7601",
    kind: "x64-based PC",
    hotfixes: &["KB2534111", "KB976902"],
};

const SERVER: Machine<'static> = Machine {
    os: "Microsoft Windows Server 2012 R2 Standard",
    version: "6.3.9600 %n %b 9600",
    kind: "x64-based PC",
    hotfixes: &["KB2919355", "KB4012213"],
};

/// The command's output for a machine, line by line.
fn print(tongue: &Tongue, machine: &Machine<'_>, role: &str) -> String {
    let version = machine.version.replace("%n", tongue.version_words[0]).replace("%b", tongue.version_words[1]);
    let values = [
        "PC-07",
        machine.os,
        &version,
        "Microsoft Corporation",
        role,
        "Multiprocessor Free",
        "user",
        "",
        "00392-918-5000002-85041",
        "2017-03-01, 10:00:00",
        "2019-03-05, 08:30:11",
        "VMware, Inc.",
        "VMware Virtual Platform",
        machine.kind,
        "1\r\n    [01]: Intel64 Family 6 Model 142 Stepping 9 GenuineIntel ~2904 Mhz",
        "Phoenix Technologies LTD 6.00, 2017-05-19",
        "C:\\Windows",
        "C:\\Windows\\system32",
        "\\Device\\HarddiskVolume1",
        tongue.locale,
        "en-us;English",
        "(UTC+01:00) X",
        "2,047 MB",
        "1,024 MB",
        "4,095 MB",
        "3,000 MB",
        "1,095 MB",
        "C:\\pagefile.sys",
        "WORKGROUP",
        "\\\\PC-07",
        tongue.installed,
    ];
    let labels: Vec<&str> = tongue.labels.split('|').collect();
    assert_eq!(labels.len(), 32, "{}", tongue.name);
    let mut text = String::from("\r\n");
    for (label, value) in labels.iter().zip(values) {
        text.push_str(&format!("{:<46} {value}\r\n", format!("{label}:")));
    }
    for (number, hotfix) in machine.hotfixes.iter().enumerate() {
        text.push_str(&format!("{:<46} [{:02}]: {hotfix}\r\n", "", number + 1));
    }
    text.push_str(&format!("{:<46} 1\r\n{:<46} [01]: Intel(R) PRO/1000\r\n", format!("{}:", labels[31]), ""));
    text.push_str(&format!("{:<52} DHCP:    x\r\n{:<52} [01]: 192.0.2.7\r\n", "", ""));
    text
}

fn hosts(bytes: &[u8]) -> Vec<Host> {
    snapshots(read("PC-07_systeminfo.txt", bytes, &Limits::default()).observations)
}

fn only(bytes: &[u8]) -> Host {
    let mut hosts = hosts(bytes);
    assert_eq!(hosts.len(), 1, "{}", String::from_utf8_lossy(&bytes[..bytes.len().min(200)]));
    hosts.remove(0)
}

/// What `assess` says of a host, on one line.
fn line(host: &Host) -> String {
    let os = &host.facts.os;
    let text = |value: &Option<String>| value.clone().unwrap_or("?".into());
    let ids: Vec<String> = host.facts.updates.installed.iter().map(|kb| kb.0.to_string()).collect();
    format!(
        "{} {} | {} | {} | sp{} {} | {}{}",
        text(&host.facts.name),
        text(&os.language),
        text(&os.product),
        text(&os.edition),
        os.service_pack.map_or("?".into(), |pack| pack.to_string()),
        os.arch.map_or("?", |arch| match arch {
            Arch::X86 => "x86",
            Arch::X64 => "x64",
            Arch::Ia64 => "ia64",
            Arch::Arm64 => "arm64",
        }),
        ids.join(" "),
        if host.facts.updates.complete { "" } else { " (cut)" },
    )
}

#[test]
fn every_role_is_understood_in_every_language() {
    let mut wrong = Vec::new();
    for tongue in TONGUES {
        for (role, want) in tongue.roles.iter().zip(ROLES) {
            let server = !matches!(want, Role::StandaloneWorkstation | Role::MemberWorkstation);
            let machine = if server { &SERVER } else { &SEVEN };
            let host = only(print(tongue, machine, role).as_bytes());
            if host.facts.os.role != Some(want) {
                wrong.push(format!("{} `{role}`: {:?}", tongue.locale, host.facts.os.role));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_language_is_read_in_every_encoding_its_machines_print() {
    let mut wrong = Vec::new();
    for tongue in TONGUES {
        let text = print(tongue, &SEVEN, tongue.roles[0]);
        let want = format!("PC-07 {} | Windows 7 | Professional | sp1 x64 | 976902 2534111", tongue.name);
        let mut forms: Vec<(&str, Vec<u8>)> = vec![
            ("utf-8", text.clone().into_bytes()),
            ("utf-8 with a mark", [b"\xEF\xBB\xBF", text.as_bytes()].concat()),
            ("utf-16le", wide(&text, u16::to_le_bytes)),
            ("utf-16le with a mark", [b"\xFF\xFE".to_vec(), wide(&text, u16::to_le_bytes)].concat()),
            ("utf-16be", wide(&text, u16::to_be_bytes)),
            ("utf-16be with a mark", [b"\xFE\xFF".to_vec(), wide(&text, u16::to_be_bytes)].concat()),
            ("line feeds", text.replace("\r\n", "\n").into_bytes()),
            ("carriage returns", text.replace("\r\n", "\r").into_bytes()),
            ("doubled carriage returns", text.replace("\r\n", "\r\r\n").into_bytes()),
        ];
        for page in tongue.pages {
            match page.encode(&text) {
                Some(bytes) => forms.push((page.name(), bytes)),
                None => wrong.push(format!("{}: {} cannot hold the text", tongue.locale, page.name())),
            }
        }
        for (form, bytes) in forms {
            let found = hosts(&bytes);
            let got = found.first().map_or("nothing".into(), line);
            let role = found.first().and_then(|host| host.facts.os.role);
            if found.len() != 1 || got != want || role != Some(Role::StandaloneWorkstation) {
                wrong.push(format!("{} in {form}: {got} {role:?}", tongue.locale));
            }
            let encoding = found.first().and_then(|host| host.facts.os.encoding.clone()).unwrap_or_default();
            if form.starts_with("cp") && encoding != form {
                wrong.push(format!("{} in {form}: taken for {encoding}", tongue.locale));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn wide(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

/// `/fo csv` and `/fo table` print the same columns side by side.
#[test]
fn the_other_formats_of_the_command_are_read_in_every_language() {
    for tongue in TONGUES {
        let list = print(tongue, &SEVEN, tongue.roles[1]);
        let labels: Vec<&str> = tongue.labels.split('|').collect();
        let mut values: Vec<String> = Vec::new();
        for row in list.lines().filter(|row| !row.trim().is_empty()) {
            match labels.get(values.len()).and_then(|label| row.strip_prefix(label)?.strip_prefix(':')) {
                Some(value) => values.push(value.trim().to_owned()),
                None => values.last_mut().unwrap().push_str(&format!(",{}", row.trim())),
            }
        }
        assert_eq!(values.len(), 32, "{}", tongue.locale);
        let quoted = |fields: Vec<String>| format!("\"{}\"\r\n", fields.join("\",\""));
        let csv = quoted(labels.iter().map(|&label| label.to_owned()).collect()) + &quoted(values);
        let host = only(csv.as_bytes());
        let want = format!("PC-07 {} | Windows 7 | Professional | sp1 x64 | 976902 2534111", tongue.name);
        assert_eq!((line(&host), host.facts.os.role), (want, Some(Role::MemberWorkstation)), "{csv}");
    }
}

#[test]
fn a_pasted_output_is_read_whatever_stands_around_it() {
    let want = "PC-07 en | Windows 7 | Professional | sp1 x64 | 976902 2534111";
    let english = &TONGUES[0];
    let text = print(english, &SEVEN, english.roles[0]);
    let indented = |by: &str| text.lines().map(|line| format!("{by}{line}\n")).collect::<String>();
    let hyper_v = "Hyper-V Requirements:      VM Monitor Mode Extensions: Yes\r\n                           Virtualization Enabled In Firmware: Yes\r\n                           Second Level Address Translation: Yes\r\n                           Data Execution Prevention Available: Yes\r\n";
    let vbs = "Virtualization-based security: Status: Running\r\n                               Required Security Properties:\r\n                               Available Security Properties:\r\n                                     Base Virtualization Support\r\n                                     Secure Boot\r\n                               Services Configured:\r\n                                     Hypervisor enforced Code Integrity\r\n                               App Control for Business policy: Enforced\r\n";
    for (what, pasted) in [
        (
            "a prompt",
            format!(
                "Microsoft Windows [Version 6.1.7601]\r\nCopyright (c) 2009 Microsoft Corporation.  All rights reserved.\r\n\r\nC:\\Users\\user>systeminfo\r\n{text}\r\nC:\\Users\\user>"
            ),
        ),
        ("a PowerShell prompt", format!("PS C:\\Users\\user> systeminfo\r\n{text}PS C:\\Users\\user> ")),
        ("spaces before every line", indented("    ")),
        ("a tab before every line", indented("\t")),
        ("a prompt and spaces", format!("C:\\> systeminfo\n{}", indented("  "))),
        ("the Hyper-V section", format!("{text}{hyper_v}")),
        ("the VBS and Hyper-V sections", format!("{text}{vbs}{hyper_v}")),
        (
            "progress in front",
            format!("\rLoading Operating System Information ...\r                                        \r{text}"),
        ),
    ] {
        let found = hosts(pasted.as_bytes());
        assert_eq!(found.iter().map(line).collect::<Vec<_>>(), [want], "{what}");
        assert_eq!(found[0].facts.domain.as_deref(), Some("WORKGROUP"), "{what}");
    }
}

/// `Domain`, `Logon Server` and the rest as a service account, a machine without a page file, or an old list prints them.
#[test]
fn lists_of_updates_in_their_odd_forms() {
    let english = &TONGUES[0];
    let with = |hotfixes: &'static [&'static str], installed: &str| {
        let machine = Machine { hotfixes, ..SEVEN };
        print(english, &machine, english.roles[0]).replace(english.installed, installed)
    };
    let ids = |text: &str| {
        let updates = only(text.as_bytes()).facts.updates;
        let ids: Vec<u32> = updates.installed.iter().map(|kb| kb.0).collect();
        (ids, updates.known, updates.complete)
    };
    assert_eq!(ids(&with(&[], "N/A")), (vec![], true, true));
    let odd = with(
        &["File 1", "File 1", "Q147222", "KB123456v2", "KB958488 - Update", "KB2416472 - Update", "{0A1B2C3D-KB12345}"],
        "7 Hotfix(s) Installed.",
    );
    assert_eq!(ids(&odd), (vec![123456, 147222, 958488, 2416472], true, true));
    let cut = with(&["KB958488 - Update", "KB2862"], "273 Hotfix(s) Installed.");
    assert_eq!(ids(&cut), (vec![958488], true, false));
    // Run as a service: no logon server. No page file either: the place of the row tells.
    let service = with(&["KB2534111", "KB976902"], english.installed).replace("\\\\PC-07", "N/A");
    assert_eq!(ids(&service), (vec![976902, 2534111], true, true));
    assert_eq!(only(service.as_bytes()).facts.domain.as_deref(), Some("WORKGROUP"));
    let bare = with(&[], "N/A").replace("\\\\PC-07", "N/A").replace("C:\\pagefile.sys", "N/A");
    assert_eq!(ids(&bare), (vec![], true, true));
    // The network cards may be missing, or stand in front.
    let end = service.find("Network Card(s)").unwrap();
    assert_eq!(ids(&service[..end]), (vec![976902, 2534111], true, true));
    let cards = service[end..].to_owned();
    let at = service.find("Hotfix(s):").unwrap();
    let moved = format!("{}{cards}{}", &service[..at], &service[at..end]);
    assert_eq!(ids(&moved), (vec![976902, 2534111], true, true));
}

#[test]
fn every_system_and_edition_has_its_name() {
    let english = &TONGUES[0];
    let mut got = String::new();
    for (os, version, kind) in [
        ("Microsoft Windows 2000 Professional", "5.0.2195 Service Pack 4 %b 2195", "X86-based PC"),
        ("Microsoft Windows 2000 Advanced Server", "5.0.2195 Service Pack 4 %b 2195", "X86-based PC"),
        ("Microsoft Windows XP Home Edition", "5.1.2600 Service Pack 2 %b 2600", "X86-based PC"),
        ("Microsoft Windows XP Professional", "5.1.2600 Service Pack 3 %b 2600", "X86-based PC"),
        ("Microsoft Windows XP Professional", "5.1.2600 Dodatek Service Pack 3 %b 2600", "X86-based PC"),
        ("Microsoft Windows XP Professional", "5.1.2600 Szervizcsomag 3 %b 2600", "X86-based PC"),
        ("Microsoft Windows XP Tablet PC Edition", "5.1.2600 Service Pack 3 %b 2600", "X86-based PC"),
        ("Microsoft Windows XP Media Center Edition", "5.1.2600 Service Pack 3 %b 2600", "X86-based PC"),
        ("Microsoft(R) Windows(R) Server 2003, Standard Edition", "5.2.3790 Service Pack 1 %b 3790", "X86-based PC"),
        ("Microsoft(R) Windows(R) Server 2003, Enterprise Edition", "5.2.3790 Service Pack 2 %b 3790", "X86-based PC"),
        ("Microsoft(R) Windows(R) Server 2003 Standard x64 Edition", "5.2.3790 Service Pack 2 %b 3790", "x64-based PC"),
        (
            "Microsoft(R) Windows(R) Server 2003 Enterprise x64 Edition",
            "5.2.3790 Service Pack 2 %b 3790",
            "x64-based PC",
        ),
        ("Microsoft(R) Windows(R) Server 2003, Web Edition", "5.2.3790 Service Pack 2 %b 3790", "X86-based PC"),
        (
            "Microsoft(R) Windows(R) Server 2003 for Small Business Server",
            "5.2.3790 Service Pack 2 %b 3790",
            "X86-based PC",
        ),
        ("Microsoftr Windows VistaT Business ", "6.0.6000 N/A %b 6000", "X86-based PC"),
        ("Microsoft\u{ae} Windows Vista\u{2122} Ultimate ", "6.0.6002 Service Pack 2 %b 6002", "x64-based PC"),
        ("MicrosoftR Windows VistaT Ultimate ", "6.0.6002 Service Pack 2 %b 6002", "x64-based PC"),
        ("Microsoft\u{ae} Windows Server\u{ae} 2008 Standard ", "6.0.6002 Service Pack 2 %b 6002", "X86-based PC"),
        ("MicrosoftR Windows ServerR 2008 Enterprise ", "6.0.6002 Service Pack 2 %b 6002", "x64-based PC"),
        (
            "Microsoft\u{ae} Windows Server\u{ae} 2008 Standard without Hyper-V ",
            "6.0.6002 Service Pack 2 %b 6002",
            "x64-based PC",
        ),
        ("Microsoftr Windows Serverr 2008 Datacenter ", "6.0.6003 Service Pack 2 %b 6003", "x64-based PC"),
        ("Microsoftr Windows Web Serverr 2008 ", "6.0.6002 Service Pack 2 %b 6002", "x64-based PC"),
        ("Microsoft Windows 7 Ultimate ", "6.1.7600 %n %b 7600", "X86-based PC"),
        ("Microsoft Windows 7 Home Basic ", "6.1.7601 Service Pack 1 %b 7601", "X86-based PC"),
        ("Microsoft Windows 7 Professional N ", "6.1.7601 Service Pack 1 %b 7601", "x64-based PC"),
        ("Microsoft Windows 7 Ultimate K ", "6.1.7601 Service Pack 1 %b 7601", "x64-based PC"),
        ("Microsoft Windows 7 Professional KN ", "6.1.7601 Service Pack 1 %b 7601", "x64-based PC"),
        ("Microsoft Windows 7 Starter ", "6.1.7601 Service Pack 1 %b 7601", "X86-based PC"),
        ("Microsoft Windows Server 2008 R2 Datacenter ", "6.1.7600 %n %b 7600", "x64-based PC"),
        ("Microsoft Windows Server 2008 R2 Foundation ", "6.1.7601 Service Pack 1 %b 7601", "x64-based PC"),
        ("Microsoft Windows Web Server 2008 R2 ", "6.1.7601 Service Pack 1 %b 7601", "x64-based PC"),
        ("Microsoft Windows 8", "6.2.9200 %n %b 9200", "x64-based PC"),
        ("Microsoft Windows 8 Pro with Media Center", "6.2.9200 %n %b 9200", "x64-based PC"),
        ("Microsoft Windows 8 Enterprise N", "6.2.9200 %n %b 9200", "X86-based PC"),
        ("Microsoft Windows 8.1 Pro", "6.3.9600 %n %b 9600", "X86-based PC"),
        ("Microsoft Windows 8.1 Single Language", "6.3.9600 %n %b 9600", "x64-based PC"),
        ("Microsoft Windows 8.1 Enterprise Evaluation", "6.3.9600 %n %b 9600", "x64-based PC"),
        ("Microsoft Windows Server 2012 Standard", "6.2.9200 %n %b 9200", "x64-based PC"),
        ("Microsoft Windows Server 2012 R2 Datacenter", "6.3.9600 %n %b 9600", "x64-based PC"),
        ("Microsoft Windows Server 2012 R2 Essentials", "6.3.9600 %n %b 9600", "x64-based PC"),
        ("Microsoft Windows 10 Enterprise 2015 LTSB", "10.0.10240 %n %b 10240", "x64-based PC"),
        ("Microsoft Windows 10 Enterprise N", "10.0.10586 %n %b 10586", "x64-based PC"),
        ("Microsoft Windows 10 Enterprise 2016 LTSB N", "10.0.14393 %n %b 14393", "x64-based PC"),
        ("Microsoft Windows 10 Home Single Language", "10.0.15063 %n %b 15063", "x64-based PC"),
        ("Microsoft Windows 10 S", "10.0.16299 %n %b 16299", "x64-based PC"),
        ("Microsoft Windows 10 Pro Education N", "10.0.17134 %n %b 17134", "x64-based PC"),
        ("Microsoft Windows 10 IoT Enterprise", "10.0.17763 %n %b 17763", "x64-based PC"),
        ("Microsoft Windows 10 Enterprise for Virtual Desktops", "10.0.18363 %n %b 18363", "x64-based PC"),
        ("Microsoft Windows 10 Enterprise LTSC", "10.0.19044 %n %b 19044", "ARM64-based PC"),
        ("Microsoft Windows 11 Pro", "10.0.22621 %n %b 22621", "x64-based PC"),
        ("Microsoft Windows 11 Enterprise LTSC", "10.0.26100 %n %b 26100", "x64-based PC"),
        ("Microsoft Windows 11 IoT Enterprise LTSC", "10.0.26100 %n %b 26100", "x64-based PC"),
        ("Microsoft Windows 11 Home", "10.0.26200 %n %b 26200", "ARM64-based PC"),
        ("Microsoft Windows Server 2016 Standard Evaluation", "10.0.14393 %n %b 14393", "x64-based PC"),
        ("Microsoft Windows Server 2016 Essentials", "10.0.14393 %n %b 14393", "x64-based PC"),
        ("Microsoft Hyper-V Server 2016", "10.0.14393 %n %b 14393", "x64-based PC"),
        ("Microsoft Windows Server Datacenter", "10.0.16299 %n %b 16299", "x64-based PC"),
        ("Microsoft Windows Server Standard", "10.0.19042 %n %b 19042", "x64-based PC"),
        ("Microsoft Windows Server 2019 Standard", "10.0.17763 %n %b 17763", "x64-based PC"),
        ("Microsoft Windows Server 2022 Datacenter Azure Edition", "10.0.20348 %n %b 20348", "x64-based PC"),
        ("Microsoft Windows Server 2022 Datacenter", "10.0.25398 %n %b 25398", "x64-based PC"),
        ("Microsoft Windows Server 2025 Standard", "10.0.26100 %n %b 26100", "x64-based PC"),
    ] {
        let host = only(print(english, &Machine { os, version, kind, hotfixes: &[] }, "?").as_bytes());
        let facts = &host.facts.os;
        got.push_str(&format!(
            "{:<60} {} | {} | {} sp{} {:?}{}\n",
            os.trim(),
            facts.product.as_deref().unwrap_or("?"),
            facts.edition.as_deref().unwrap_or("-"),
            facts.version.as_deref().unwrap_or("?"),
            facts.service_pack.unwrap_or(99),
            facts.family.unwrap(),
            if facts.evaluation { " evaluation" } else { "" },
        ));
    }
    expect_test::expect![[r#"
        Microsoft Windows 2000 Professional                          Windows 2000 | Professional | 5.0.2195 sp4 Client
        Microsoft Windows 2000 Advanced Server                       Windows 2000 | Advanced Server | 5.0.2195 sp4 Server
        Microsoft Windows XP Home Edition                            Windows XP | Home | 5.1.2600 sp2 Client
        Microsoft Windows XP Professional                            Windows XP | Professional | 5.1.2600 sp3 Client
        Microsoft Windows XP Professional                            Windows XP | Professional | 5.1.2600 sp3 Client
        Microsoft Windows XP Professional                            Windows XP | Professional | 5.1.2600 sp3 Client
        Microsoft Windows XP Tablet PC Edition                       Windows XP | Tablet PC Edition | 5.1.2600 sp3 Client
        Microsoft Windows XP Media Center Edition                    Windows XP | Media Center Edition | 5.1.2600 sp3 Client
        Microsoft(R) Windows(R) Server 2003, Standard Edition        Windows Server 2003 | Standard | 5.2.3790 sp1 Server
        Microsoft(R) Windows(R) Server 2003, Enterprise Edition      Windows Server 2003 | Enterprise | 5.2.3790 sp2 Server
        Microsoft(R) Windows(R) Server 2003 Standard x64 Edition     Windows Server 2003 | Standard x64 Edition | 5.2.3790 sp2 Server
        Microsoft(R) Windows(R) Server 2003 Enterprise x64 Edition   Windows Server 2003 | Enterprise x64 Edition | 5.2.3790 sp2 Server
        Microsoft(R) Windows(R) Server 2003, Web Edition             Windows Server 2003 | Web | 5.2.3790 sp2 Server
        Microsoft(R) Windows(R) Server 2003 for Small Business Server Windows Server 2003 | for Small Business Server | 5.2.3790 sp2 Server
        Microsoftr Windows VistaT Business                           Windows Vista | Business | 6.0.6000 sp0 Client
        Microsoft® Windows Vista™ Ultimate                           Windows Vista | Ultimate | 6.0.6002 sp2 Client
        MicrosoftR Windows VistaT Ultimate                           Windows Vista | Ultimate | 6.0.6002 sp2 Client
        Microsoft® Windows Server® 2008 Standard                     Windows Server 2008 | Standard | 6.0.6002 sp2 Server
        MicrosoftR Windows ServerR 2008 Enterprise                   Windows Server 2008 | Enterprise | 6.0.6002 sp2 Server
        Microsoft® Windows Server® 2008 Standard without Hyper-V     Windows Server 2008 | Standard without Hyper-V | 6.0.6002 sp2 Server
        Microsoftr Windows Serverr 2008 Datacenter                   Windows Server 2008 | Datacenter | 6.0.6003 sp2 Server
        Microsoftr Windows Web Serverr 2008                          Windows Server 2008 | Web Server | 6.0.6002 sp2 Server
        Microsoft Windows 7 Ultimate                                 Windows 7 | Ultimate | 6.1.7600 sp0 Client
        Microsoft Windows 7 Home Basic                               Windows 7 | Home Basic | 6.1.7601 sp1 Client
        Microsoft Windows 7 Professional N                           Windows 7 | Professional N | 6.1.7601 sp1 Client
        Microsoft Windows 7 Ultimate K                               Windows 7 | Ultimate K | 6.1.7601 sp1 Client
        Microsoft Windows 7 Professional KN                          Windows 7 | Professional KN | 6.1.7601 sp1 Client
        Microsoft Windows 7 Starter                                  Windows 7 | Starter | 6.1.7601 sp1 Client
        Microsoft Windows Server 2008 R2 Datacenter                  Windows Server 2008 R2 | Datacenter | 6.1.7600 sp0 Server
        Microsoft Windows Server 2008 R2 Foundation                  Windows Server 2008 R2 | Foundation | 6.1.7601 sp1 Server
        Microsoft Windows Web Server 2008 R2                         Windows Server 2008 R2 | Web Server | 6.1.7601 sp1 Server
        Microsoft Windows 8                                          Windows 8 | - | 6.2.9200 sp0 Client
        Microsoft Windows 8 Pro with Media Center                    Windows 8 | Pro with Media Center | 6.2.9200 sp0 Client
        Microsoft Windows 8 Enterprise N                             Windows 8 | Enterprise N | 6.2.9200 sp0 Client
        Microsoft Windows 8.1 Pro                                    Windows 8.1 | Pro | 6.3.9600 sp0 Client
        Microsoft Windows 8.1 Single Language                        Windows 8.1 | Single Language | 6.3.9600 sp0 Client
        Microsoft Windows 8.1 Enterprise Evaluation                  Windows 8.1 | Enterprise | 6.3.9600 sp0 Client evaluation
        Microsoft Windows Server 2012 Standard                       Windows Server 2012 | Standard | 6.2.9200 sp0 Server
        Microsoft Windows Server 2012 R2 Datacenter                  Windows Server 2012 R2 | Datacenter | 6.3.9600 sp0 Server
        Microsoft Windows Server 2012 R2 Essentials                  Windows Server 2012 R2 | Essentials | 6.3.9600 sp0 Server
        Microsoft Windows 10 Enterprise 2015 LTSB                    Windows 10 | Enterprise 2015 LTSB | 10.0.10240 sp0 Client
        Microsoft Windows 10 Enterprise N                            Windows 10 | Enterprise N | 10.0.10586 sp0 Client
        Microsoft Windows 10 Enterprise 2016 LTSB N                  Windows 10 | Enterprise 2016 LTSB N | 10.0.14393 sp0 Client
        Microsoft Windows 10 Home Single Language                    Windows 10 | Home Single Language | 10.0.15063 sp0 Client
        Microsoft Windows 10 S                                       Windows 10 | S | 10.0.16299 sp0 Client
        Microsoft Windows 10 Pro Education N                         Windows 10 | Pro Education N | 10.0.17134 sp0 Client
        Microsoft Windows 10 IoT Enterprise                          Windows 10 | IoT Enterprise | 10.0.17763 sp0 Client
        Microsoft Windows 10 Enterprise for Virtual Desktops         Windows 10 | Enterprise for Virtual Desktops | 10.0.18363 sp0 Client
        Microsoft Windows 10 Enterprise LTSC                         Windows 10 | Enterprise LTSC | 10.0.19044 sp0 Client
        Microsoft Windows 11 Pro                                     Windows 11 | Pro | 10.0.22621 sp0 Client
        Microsoft Windows 11 Enterprise LTSC                         Windows 11 | Enterprise LTSC | 10.0.26100 sp0 Client
        Microsoft Windows 11 IoT Enterprise LTSC                     Windows 11 | IoT Enterprise LTSC | 10.0.26100 sp0 Client
        Microsoft Windows 11 Home                                    Windows 11 | Home | 10.0.26200 sp0 Client
        Microsoft Windows Server 2016 Standard Evaluation            Windows Server 2016 | Standard | 10.0.14393 sp0 Server evaluation
        Microsoft Windows Server 2016 Essentials                     Windows Server 2016 | Essentials | 10.0.14393 sp0 Server
        Microsoft Hyper-V Server 2016                                Windows Server 2016 | Hyper-V Server | 10.0.14393 sp0 Server
        Microsoft Windows Server Datacenter                          Windows Server, version 1709 | Datacenter | 10.0.16299 sp0 Server
        Microsoft Windows Server Standard                            Windows Server, version 20H2 | Standard | 10.0.19042 sp0 Server
        Microsoft Windows Server 2019 Standard                       Windows Server 2019 | Standard | 10.0.17763 sp0 Server
        Microsoft Windows Server 2022 Datacenter Azure Edition       Windows Server 2022 | Datacenter Azure Edition | 10.0.20348 sp0 Server
        Microsoft Windows Server 2022 Datacenter                     Windows Server 2022 | Datacenter | 10.0.25398 sp0 Server
        Microsoft Windows Server 2025 Standard                       Windows Server 2025 | Standard | 10.0.26100 sp0 Server
    "#]].assert_eq(&got);
}

#[test]
fn editions_in_their_own_language() {
    let mut got = String::new();
    for (os, version) in [
        ("Microsoft Windows 10 企业版 2016 长期服务版", "10.0.14393"),
        ("Microsoft Windows 10 企业版 LTSC", "10.0.19044"),
        ("Microsoft Windows 10 专业工作站版", "10.0.19045"),
        ("Microsoft Windows 10 家庭中文版", "10.0.19045"),
        ("Microsoft Windows 10 家庭单语言版", "10.0.19045"),
        ("Microsoft Windows 7 家庭普通版 ", "6.1.7601"),
        ("Microsoft Windows 8.1 中文版", "6.3.9600"),
        ("Microsoft Windows Server 2016 Standard 评估版", "10.0.14393"),
        ("Microsoft Windows 10 專業版", "10.0.19045"),
        ("Microsoft Windows 10 教育版", "10.0.19045"),
        ("Microsoft Windows 7 旗艦版 ", "6.1.7601"),
        ("Майкрософт Windows 10 Корпоративная LTSC", "10.0.17763"),
        ("Майкрософт Windows 10 Домашняя для одного языка", "10.0.19045"),
        ("Майкрософт Windows 10 Pro", "10.0.19045"),
        ("Майкрософт Windows 8.1 для одного языка", "6.3.9600"),
        ("Майкрософт Windows 7 Максимальная ", "6.1.7601"),
        ("Майкрософт Windows 10 Корпоративная, ознакомительная версия", "10.0.19045"),
        ("Майкрософт® Windows Vista™ Home Premium", "6.0.6002"),
        ("Microsoft Windows 10 Entreprise LTSB 2016", "10.0.14393"),
        ("Microsoft Windows 10 Entreprise - Évaluation", "10.0.19045"),
        ("Microsoft Windows 10 Professionnel Éducation", "10.0.19045"),
        ("Microsoft Windows 7 Édition Intégrale ", "6.1.7601"),
        ("Microsoft Windows 7 Édition Familiale Premium ", "6.1.7601"),
        ("Microsoft® Windows Vista™ Professionnel", "6.0.6002"),
        ("Microsoft Windows Server 2012 R2 Standard Testversion", "6.3.9600"),
        ("Microsoft Windows 11 Education", "10.0.22631"),
    ] {
        let facts = crate::os::from_name(os, Some(version));
        got.push_str(&format!(
            "{os} -> {} | {}{}\n",
            facts.product.as_deref().unwrap_or("?"),
            facts.edition.as_deref().unwrap_or("-"),
            if facts.evaluation { " evaluation" } else { "" },
        ));
    }
    expect_test::expect![[r#"
        Microsoft Windows 10 企业版 2016 长期服务版 -> Windows 10 | Enterprise 2016 LTSB
        Microsoft Windows 10 企业版 LTSC -> Windows 10 | Enterprise LTSC
        Microsoft Windows 10 专业工作站版 -> Windows 10 | Pro for Workstations
        Microsoft Windows 10 家庭中文版 -> Windows 10 | Home China
        Microsoft Windows 10 家庭单语言版 -> Windows 10 | Home Single Language
        Microsoft Windows 7 家庭普通版  -> Windows 7 | Home Basic
        Microsoft Windows 8.1 中文版 -> Windows 8.1 | China
        Microsoft Windows Server 2016 Standard 评估版 -> Windows Server 2016 | Standard evaluation
        Microsoft Windows 10 專業版 -> Windows 10 | Pro
        Microsoft Windows 10 教育版 -> Windows 10 | Education
        Microsoft Windows 7 旗艦版  -> Windows 7 | Ultimate
        Майкрософт Windows 10 Корпоративная LTSC -> Windows 10 | Enterprise LTSC
        Майкрософт Windows 10 Домашняя для одного языка -> Windows 10 | Home Single Language
        Майкрософт Windows 10 Pro -> Windows 10 | Pro
        Майкрософт Windows 8.1 для одного языка -> Windows 8.1 | Single Language
        Майкрософт Windows 7 Максимальная  -> Windows 7 | Ultimate
        Майкрософт Windows 10 Корпоративная, ознакомительная версия -> Windows 10 | Enterprise evaluation
        Майкрософт® Windows Vista™ Home Premium -> Windows Vista | Home Premium
        Microsoft Windows 10 Entreprise LTSB 2016 -> Windows 10 | Enterprise LTSB 2016
        Microsoft Windows 10 Entreprise - Évaluation -> Windows 10 | Enterprise evaluation
        Microsoft Windows 10 Professionnel Éducation -> Windows 10 | Pro Education
        Microsoft Windows 7 Édition Intégrale  -> Windows 7 | Ultimate
        Microsoft Windows 7 Édition Familiale Premium  -> Windows 7 | Home Premium
        Microsoft® Windows Vista™ Professionnel -> Windows Vista | Professional
        Microsoft Windows Server 2012 R2 Standard Testversion -> Windows Server 2012 R2 | Standard evaluation
        Microsoft Windows 11 Education -> Windows 11 | Education
    "#]]
    .assert_eq(&got);
}
