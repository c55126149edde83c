#include "setting.hpp"

namespace auth {

std::string setting(const char* name) {
  const Datum value = pg::call([&] {
    Oid argument_types[] = {TEXTOID};
    const Oid function = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum("setting"),
                                         PointerGetDatum(buildoidvector(argument_types, 1)),
                                         ObjectIdGetDatum(get_namespace_oid("auth", false)));
    if (!OidIsValid(function)) {
      ereport(ERROR,
              (errcode(ERRCODE_UNDEFINED_FUNCTION), errmsg("function auth.setting(text) does not exist")));
    }
    // It is SECURITY DEFINER: it reads its tables as auth_owner, whoever calls.
    return OidFunctionCall1Coll(function, DEFAULT_COLLATION_OID, CStringGetTextDatum(name));
  });
  const auto* const text = reinterpret_cast<const varlena*>(DatumGetPointer(value));
  return {VARDATA_ANY(text), VARSIZE_ANY_EXHDR(text)};
}

std::int64_t integer_setting(const char* name) {
  const std::string value = setting(name);
  return std::stoll(value);
}

}  // namespace auth
