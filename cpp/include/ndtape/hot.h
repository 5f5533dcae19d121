// What every small operation runs. Much of its time is fetching code that others have pushed out of
// the caches: these functions lie together, and each begins a line of the cache.
#pragma once

#define NDTAPE_HOT [[gnu::hot, gnu::aligned(64)]]
