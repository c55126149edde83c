#include <map>

#include "signing_keys.hpp"

#include "index_scan.hpp"
#include "key_file_setting.hpp"
#include "spi.hpp"

namespace auth {
namespace {

enum SigningKeyColumn { kPublicJwk, kVerifyUntil };
constinit pg::IndexedTable signing_keys_table{
    .schema = pg::Schema::kAuth,
    .name = "signing_keys",
    .columns = {{"public_jwk", JSONBOID}, {"verify_until", TIMESTAMPTZOID}},
};

constinit pg::Query select_active_key{
    .text = "SELECT kid, sealed_private_key FROM auth.signing_keys WHERE retired_at IS NULL"};
constinit pg::Query ensure_signing_key{.text = "SELECT auth.ensure_signing_key()"};

pg::SqlError key_file_does_not_open() {
  return {ERRCODE_CONFIG_FILE_ERROR,
          "Access tokens cannot be signed: the key file does not open the signing key",
          "The signing key was sealed under another key file.",
          "Bring back the key file, or SELECT auth.rotate_signing_key() to begin a new signing key."};
}

struct OpenedKey {
  std::string id;
  SigningKey key;
};

// Parsing a key and checking that its point is on the curve costs as much as a verification, so keys are
// kept, by their whole text. Rotation leaves a few; the bound only guards against a table filled by mistake.
const PublicKey& parsed(const std::string& jwk) {
  constexpr std::size_t kMostKeys = 16;
  // Never destroyed: OpenSSL's own end may come first when the process exits.
  static auto& keys = *new std::map<std::string, PublicKey>();
  const auto known = keys.find(jwk);
  if (known != keys.end()) return known->second;
  if (keys.size() >= kMostKeys) keys.clear();
  try {
    return keys.emplace(jwk, PublicKey::from_jwk(jwk)).first->second;
  } catch (const std::invalid_argument& error) {
    throw pg::SqlError(ERRCODE_DATA_CORRUPTED,
                       std::string("auth.signing_keys holds a bad key: ") + error.what());
  }
}

}  // namespace

const SigningKey& active_signing_key() {
  static auto& opened = *new std::optional<OpenedKey>();

  std::array<NullableDatum, 2> row;
  if (pg::execute(select_active_key, {}, row) == 0) {
    pg::execute(ensure_signing_key, {});
    if (pg::execute(select_active_key, {}, row) == 0) {
      throw pg::SqlError(ERRCODE_INTERNAL_ERROR, "there is no signing key, and none could be made");
    }
  }
  const std::string_view id = pg::text_view(row[0].value);
  if (opened && opened->id == id) return opened->key;

  auto key = SigningKey::unseal(as_bytes(pg::text_view(row[1].value)), read_key_file(), id);
  if (!key) throw key_file_does_not_open();
  opened.emplace(OpenedKey{std::string(id), std::move(*key)});
  return opened->key;
}

std::optional<VerificationKey> find_verification_key(const std::string& key_id) {
  const char* json = nullptr;
  TimestampTz verify_until = DT_NOEND;
  const Datum key_datum = pg::text(key_id);
  const bool found = pg::find_by_primary_key(
      signing_keys_table, pg::Key(DatumGetTextPP(key_datum)), [&](const pg::Row& row) {
        Jsonb* const jwk = DatumGetJsonbP(row[kPublicJwk].value);
        json = JsonbToCString(nullptr, &jwk->root, static_cast<int>(VARSIZE(jwk)));
        const NullableDatum until = row[kVerifyUntil];
        if (!until.isnull) verify_until = DatumGetTimestampTz(until.value);
      });
  if (!found || verify_until <= GetCurrentTimestamp()) return std::nullopt;
  return VerificationKey{&parsed(json), verify_until};
}

}  // namespace auth

SQL_FUNCTION(generate_signing_key) {
  const auth::SigningKey key = auth::SigningKey::generate();
  const std::array columns{
      pg::column(pg::text(key.id())),
      pg::column(pg::jsonb(key.public_jwk())),
      pg::column(pg::bytea(key.sealed(auth::read_key_file()))),
  };
  return arguments.row(columns);
}

SQL_FUNCTION(check_key_file) {
  try {
    const auth::SecretBytes key_file = auth::read_key_file();
    std::array<NullableDatum, 2> row;
    if (pg::execute(auth::select_active_key, {}, row) > 0 &&
        !auth::SigningKey::unseal(auth::as_bytes(pg::text_view(row[1].value)), key_file,
                                  pg::text_view(row[0].value))) {
      throw auth::key_file_does_not_open();
    }
  } catch (const pg::SqlError& problem) {
    const std::array columns{pg::column(pg::text(problem.message())), pg::column(pg::text(problem.hint()))};
    return arguments.row(columns);
  }
  const std::array columns{pg::null_column(), pg::null_column()};
  return arguments.row(columns);
}
