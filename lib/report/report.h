// The one header that dlt-report needs.
#ifndef DLT_REPORT_REPORT_H
#define DLT_REPORT_REPORT_H

#include "lib/report/compare.h"
#include "lib/report/figure.h"
#include "lib/report/html.h"
#include "lib/report/macros.h"
#include "lib/report/published.h"
#include "lib/report/run.h"
#include "lib/report/table.h"
#include "lib/report/text.h"

#endif
