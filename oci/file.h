// Descriptors and small file helpers live with the base library.
#pragma once

#include "emulator/base/descriptor.h"
