// Objects that belong to a call site: one place in one expression, for as long as PostgreSQL keeps that
// expression ready. They outlive statements (statement_stamp.hpp says what follows from that) and are
// destroyed with the memory of the call site, whatever ends it.
#pragma once

#include "bridge.hpp"

namespace pg {

// The call site's T, made at its first call. There is one such object a call site, so a function keeps only
// one type.
template <class T>
T& kept_at_call_site(FunctionCallInfo call_info) {
  FmgrInfo* const site = call_info->flinfo;
  if (site->fn_extra == nullptr) {
    struct Kept {
      MemoryContextCallback callback;
      T object;
    };
    auto* const kept =
        static_cast<Kept*>(call([&] { return MemoryContextAllocZero(site->fn_mcxt, sizeof(Kept)); }));
    new (&kept->object) T();
    kept->callback.func = [](void* object) noexcept { static_cast<T*>(object)->~T(); };
    kept->callback.arg = &kept->object;
    MemoryContextRegisterResetCallback(site->fn_mcxt, &kept->callback);
    site->fn_extra = &kept->object;
  }
  return *static_cast<T*>(site->fn_extra);
}

}  // namespace pg
