//! The facts that are told of a program or library of Windows.
//!
//! Lists whose names begin alike run side by side: the n-th entropy is that of the n-th section. Facts of a signature are
//! told once for each signature, in the order in which they stand in the file.

use crate::vector::vectors;

#[rustfmt::skip]
vectors! { "pe":
    FORMAT "format" text "`pe32`, `pe32+` for 64 bits, `rom`, or the magic number of another.";
    ROLE "role" text "What it is by its header: `exe`, `dll`, `driver`, `efi`.";
    MACHINE "machine" text "The processor its code is for.";
    TIMESTAMP "timestamp" time "When it was linked, as its header says.";
    TIMESTAMP_HASH "timestamp.is_hash" flag "The build was made reproducible, and the time is a hash of the content.";
    CHARACTERISTICS "characteristics" texts "Flags of the file header.";
    SUBSYSTEM "subsystem" text "What it runs in: `gui`, `console`, `native`, an environment of EFI.";
    DLL_CHARACTERISTICS "dll_characteristics" texts "Flags of the loader: `dynamic-base`, `nx-compatible`, `guard-cf` and others.";
    IMAGE_BASE "image_base" integer "The address it is made for.";
    IMAGE_SIZE "image_size" integer "Bytes it takes in memory.";
    HEADERS_SIZE "headers_size" integer "Bytes of its headers, as stated.";
    SECTION_ALIGNMENT "section_alignment" integer "To which its sections are aligned in memory.";
    FILE_ALIGNMENT "file_alignment" integer "To which its sections are aligned in the file.";
    ENTRY "entry" integer "Where it begins to run, relative to its base.";
    ENTRY_SECTION "entry.section" text "The section in which it begins to run.";
    CHECKSUM "checksum" integer "The checksum in its header; zero when it has none.";
    CHECKSUM_COMPUTED "checksum.computed" integer "The checksum as Windows computes it.";
    CHECKSUM_MATCHES "checksum.matches" flag "Whether both are the same; absent without a stated one.";
    LINKER_VERSION "linker_version" text "Version of the linker.";
    OS_VERSION "os_version" text "The oldest system it asks for.";
    SUBSYSTEM_VERSION "subsystem_version" text "The oldest version of the subsystem it asks for.";
    IMAGE_VERSION "image_version" text "The version its maker gave it in the header.";
    SYMBOLS_COUNT "symbols.count" integer "Symbols of COFF, as its header says.";
    DOS_MESSAGE "dos_message" flag "The program for DOS in front says the usual sentence.";

    SECTIONS_COUNT "sections.count" integer "Sections, as its header says.";
    SECTIONS "sections" texts "Names of the sections.";
    SECTIONS_ADDRESSES "sections.addresses" texts "Where each lies in memory.";
    SECTIONS_VIRTUAL_SIZES "sections.virtual_sizes" texts "Bytes of each in memory.";
    SECTIONS_OFFSETS "sections.offsets" texts "Where each lies in the file.";
    SECTIONS_RAW_SIZES "sections.raw_sizes" texts "Bytes of each in the file.";
    SECTIONS_FLAGS "sections.flags" texts "What each may: `r`, `w`, `x`, then what it holds: `code`, `data`, `bss`.";
    SECTIONS_ENTROPIES "sections.entropies" texts "Bits of information in a byte of each.";
    SECTIONS_MD5 "sections.md5" texts "MD5 of what each has in the file.";
    SECTIONS_SHA256 "sections.sha256" texts "SHA-256 of what each has in the file.";

    DIRECTORIES "directories" texts "Tables the header points to.";
    DIRECTORIES_ADDRESSES "directories.addresses" texts "Where each lies in memory; the certificates in the file.";
    DIRECTORIES_SIZES "directories.sizes" texts "Bytes of each, as stated.";

    IMPORTS_COUNT "imports.count" integer "Functions it imports.";
    IMPORTS_DLLS "imports.dlls" texts "Libraries it imports from.";
    IMPORTS "imports" texts "What it imports, as `library!function` or `library!#ordinal`.";
    IMPHASH "imphash" digest "MD5 of the imports in their order, as `pefile` makes it.";
    DELAY_IMPORTS_DLLS "delay_imports.dlls" texts "Libraries it loads when it first needs them.";
    DELAY_IMPORTS "delay_imports" texts "What it imports from these.";
    BOUND_IMPORTS "bound_imports" texts "Libraries whose addresses were put in when it was made.";

    EXPORTS_COUNT "exports.count" integer "Functions it exports.";
    EXPORTS_NAME "exports.name" text "The name it gives itself in its exports.";
    EXPORTS_TIMESTAMP "exports.timestamp" time "When its exports were made.";
    EXPORTS "exports" texts "Names it exports.";
    EXPORTS_ORDINAL_ONLY "exports.ordinal_only" integer "Functions it exports without a name.";
    EXPORTS_FORWARDS "exports.forwards" texts "Exports that are functions of another library, as `name=library.function`.";

    RESOURCES_COUNT "resources.count" integer "Resources.";
    RESOURCES "resources" texts "Each resource as `type/name/language`.";
    RESOURCES_SIZES "resources.sizes" texts "Bytes of each.";
    RESOURCES_TYPES "resources.types" texts "Types of resources, each once.";
    RESOURCES_LANGUAGES "resources.languages" texts "Languages of resources, each once, as four hexadecimal digits.";
    RESOURCES_TIMESTAMP "resources.timestamp" time "When the resources were made, if they say.";
    ICON_SHA256 "icon.sha256" digest "SHA-256 of the images of its first icon, in their order.";
    MANIFEST "manifest" text "Its manifest.";
    MANIFEST_LEVEL "manifest.level" text "The rights its manifest asks for.";
    VERSION_FILE "version.file" text "Version of the file, as four numbers.";
    VERSION_PRODUCT "version.product" text "Version of the product, as four numbers.";
    VERSION_FLAGS "version.flags" texts "`debug`, `prerelease`, `patched`, `private`, `special`.";
    VERSION_STRINGS "version.strings" texts "What its version information says, as `key=value`.";
    VERSION_TRANSLATIONS "version.translations" texts "Languages of it, as language and code page in hexadecimal.";
    VERSION_COMPANY "version.company" text "`CompanyName`.";
    VERSION_DESCRIPTION "version.description" text "`FileDescription`.";
    VERSION_INTERNAL_NAME "version.internal_name" text "`InternalName`.";
    VERSION_ORIGINAL_NAME "version.original_name" text "`OriginalFilename`.";
    VERSION_PRODUCT_NAME "version.product_name" text "`ProductName`.";
    VERSION_COPYRIGHT "version.copyright" text "`LegalCopyright`.";

    RELOCATIONS_COUNT "relocations.count" integer "Places that change when it is loaded elsewhere.";
    TLS_CALLBACKS_COUNT "tls.callbacks.count" integer "Functions that run before the entry.";
    TLS_CALLBACKS "tls.callbacks" texts "Addresses of these.";
    DEBUG_TYPES "debug.types" texts "Kinds of entries for debuggers.";
    PDB_PATH "pdb.path" text "Where its symbols were when it was linked.";
    PDB_GUID "pdb.guid" text "Which symbols belong to it.";
    PDB_AGE "pdb.age" integer "How often these were changed.";
    REPRODUCIBLE_HASH "reproducible_hash" digest "The hash that a reproducible build has in place of a time.";
    LOAD_CONFIG_SIZE "load_config.size" integer "Bytes of its load configuration.";
    GUARD_FLAGS "guard.flags" texts "How its calls are guarded.";
    GUARD_FUNCTIONS "guard.functions" integer "Functions that may be called through a pointer.";
    SAFE_SEH "safe_seh" integer "Handlers of exceptions that are allowed (32 bits).";
    SECURITY_COOKIE "security_cookie" flag "It has a cookie against overruns of the stack.";

    RICH_HASH "rich.hash" digest "MD5 of the decoded Rich header without its end.";
    RICH_KEY "rich.key" text "The number its Rich header is coded with.";
    RICH_VALID "rich.valid" flag "Whether that number is the checksum it has to be.";
    RICH_ENTRIES "rich.entries" texts "Tools that made its parts, as `product.build=count`.";

    OVERLAY_OFFSET "overlay.offset" integer "Where bytes begin that belong to no section.";
    OVERLAY_SIZE "overlay.size" integer "How many these are, without signatures.";
    OVERLAY_ENTROPY "overlay.entropy" real "Bits of information in a byte of these.";
    OVERLAY_KIND "overlay.kind" text "The type of file these are.";

    AUTHENTIHASH "authentihash" digest "SHA-256 of what a signature covers.";
    SIGNATURES_COUNT "signatures.count" integer "Signatures, also those within another.";
    SIGNATURE_OFFSET "signature.offset" integer "Where the table of certificates lies.";
    SIGNATURE_DIGEST_ALGORITHM "signature.digest_algorithm" text "The hash it signs.";
    SIGNATURE_DIGEST "signature.digest" digest "The hash of the file, as the signature says.";
    SIGNATURE_DIGEST_MATCHES "signature.digest_matches" flag "Whether that is the hash of the file.";
    SIGNATURE_CONTENT_MATCHES "signature.content_matches" flag "Whether the signer signed just what stands in the signature.";
    SIGNATURE_RIGHT "signature.right" flag "Whether the signature is right for the key of its certificate. Whom to trust is another question.";
    SIGNATURE_SUBJECT "signature.subject" text "Who signed.";
    SIGNATURE_SIGNER "signature.signer" text "The common name of who signed.";
    SIGNATURE_ISSUER "signature.issuer" text "Who issued the certificate.";
    SIGNATURE_SERIAL "signature.serial" text "The serial number of the certificate.";
    SIGNATURE_THUMBPRINT "signature.thumbprint" digest "SHA-1 of the certificate.";
    SIGNATURE_NOT_BEFORE "signature.not_before" time "From when the certificate is valid.";
    SIGNATURE_NOT_AFTER "signature.not_after" time "Until when the certificate is valid.";
    SIGNATURE_CHAIN "signature.chain" texts "The certificate and its issuers, as far as they are in the file.";
    SIGNATURE_CHAIN_THUMBPRINTS "signature.chain.thumbprints" texts "SHA-1 of each of these.";
    SIGNATURE_CHAIN_RIGHT "signature.chain_right" flag "Whether each of these was made by the key of the next, which may make certificates; absent when its issuer is not in the file.";
    SIGNATURE_ROOT_KNOWN "signature.root_known" flag "Whether these lead to a root that is known by its key (`data/roots.pem`).";
    SIGNATURE_CODE_SIGNING "signature.code_signing" flag "Whether the certificate is for signing programs.";
    SIGNATURE_VALID_WHEN_SIGNED "signature.valid_when_signed" flag "Whether the certificates were valid when it was signed; absent when nobody who may says when that was.";
    SIGNATURE_PROGRAM "signature.program" text "What the signer calls the program.";
    SIGNATURE_URL "signature.url" text "Where the signer says more about it.";
    SIGNATURE_TIME "signature.time" time "When it was signed, as somebody else says.";
    SIGNATURE_TIME_KIND "signature.time.kind" text "How that is said: `rfc3161` or `pkcs9`.";
    SIGNATURE_TIME_SUBJECT "signature.time.subject" text "Who says so.";
    SIGNATURE_TIME_MATCHES "signature.time.matches" flag "Whether it is said about this signature.";
    SIGNATURE_TIME_RIGHT "signature.time.right" flag "Whether what says so is signed rightly.";
    SIGNATURE_TIME_CHAIN_RIGHT "signature.time.chain_right" flag "Whether who says so may: by certificates that follow from one another, are for stamps, and were valid then.";
    SIGNATURE_TIME_ROOT_KNOWN "signature.time.root_known" flag "Whether these lead to a root that is known by its key.";

    DOTNET "dotnet" flag "It is a program of .NET.";
    DOTNET_RUNTIME "dotnet.runtime" text "The runtime it was made for.";
    DOTNET_FLAGS "dotnet.flags" texts "`il-only`, `32-bit-required`, `strong-name-signed` and others.";
    DOTNET_STREAMS "dotnet.streams" texts "Streams of its metadata.";
    DOTNET_MODULE "dotnet.module" text "Name of its module.";
    DOTNET_MVID "dotnet.mvid" text "The identifier each build gets anew.";
    DOTNET_TYPELIB "dotnet.typelib" text "The identifier of its type library, the same for all builds of a project.";
    DOTNET_ASSEMBLY "dotnet.assembly" text "Name of its assembly.";
    DOTNET_VERSION "dotnet.version" text "Version of its assembly.";
    DOTNET_CULTURE "dotnet.culture" text "Language of its assembly.";
    DOTNET_TOKEN "dotnet.public_key_token" text "The end of the hash of the key it is named with.";
    DOTNET_FRAMEWORK "dotnet.framework" text "The framework it was made for.";
    DOTNET_REFERENCES "dotnet.references" texts "Assemblies it uses, as `name version token`.";
    DOTNET_NATIVE_CALLS "dotnet.native_calls" texts "Native functions it declares, as `library!function`.";
    DOTNET_TYPES_COUNT "dotnet.types.count" integer "Types it defines.";
    DOTNET_METHODS_COUNT "dotnet.methods.count" integer "Methods it defines.";
}
