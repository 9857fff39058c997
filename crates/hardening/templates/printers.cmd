rem ---- shared printers ------------------------------------------------------------------------

:op_unshare_printers
set "RD_PRINTERS=HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Print\Printers"
set "RD_SHARED=0"
set "RD_COUNT=0"
if "%RD_MODE%"=="undo" goto :printers_undo
"%RD_REG%" query "%RD_PRINTERS%" >"%RD_DIR%\i.tmp" 2>nul
if errorlevel 1 goto :printers_none
if "%RD_MODE%"=="verify" goto :printers_check
if exist "%RD_DIR%\%OP%.sav" goto :printers_set
type nul >"%RD_DIR%\%OP%.lst"
for /f "usebackq delims=" %%a in ("%RD_DIR%\i.tmp") do set "RD_PRINTER=%%~nxa"& call :printer_save
set "RG_STATE=present"
set "RG_TYPE="
set "RG_DATA=%RD_SHARED%"
call :state_write %OP%
if errorlevel 1 goto :save_failed
:printers_set
for /f "usebackq delims=" %%a in ("%RD_DIR%\%OP%.lst") do set "RD_PRINTER=%%a"& call :printer_unshare
:printers_check
set "RD_SHARED=0"
for /f "usebackq delims=" %%a in ("%RD_DIR%\i.tmp") do set "RD_PRINTER=%%~nxa"& call :printer_count
if "%RD_COUNT%"=="0" goto :printers_none
if not "%RD_SHARED%"=="0" call :bad printers-still-shared
if not "%RD_SHARED%"=="0" exit /b 1
call :good
exit /b 0
:printers_none
call :good no-printers
exit /b 0
:printer_flags
rem RG_STATE present, and RD_FLAG 8 when the printer RD_PRINTER is shared.
set "RD_FLAG=0"
set "OP_KEY=%RD_PRINTERS%\%RD_PRINTER%"
set "OP_NAME=Attributes"
call :reg_get
if "%RG_STATE%"=="present" set /a "RD_FLAG=%RG_DATA% & 8"
exit /b 0
:printer_save
call :printer_flags
if not "%RD_FLAG%"=="8" exit /b 0
set /a RD_SHARED+=1
>>"%RD_DIR%\%OP%.lst" (for /f "tokens=1,* delims==" %%v in ('set RD_PRINTER') do if "%%v"=="RD_PRINTER" echo %%w)
exit /b 0
:printer_count
call :printer_flags
if "%RG_STATE%"=="present" set /a RD_COUNT+=1
if "%RD_FLAG%"=="8" set /a RD_SHARED+=1
exit /b 0
:printer_unshare
"%RD_RUNDLL32%" printui.dll,PrintUIEntry /Xs /q /n "%RD_PRINTER%" attributes -shared
exit /b 0
:printer_share
"%RD_RUNDLL32%" printui.dll,PrintUIEntry /Xs /q /n "%RD_PRINTER%" attributes +shared
call :printer_flags
if not "%RD_FLAG%"=="8" set "RD_WRONG=1"
exit /b 0
:printers_undo
call :state_read %OP%
if errorlevel 1 goto :undone_nothing
set "RD_WRONG="
for /f "usebackq delims=" %%a in ("%RD_DIR%\%OP%.lst") do set "RD_PRINTER=%%a"& call :printer_share
if defined RD_WRONG goto :undo_failed
del /q "%RD_DIR%\%OP%.sav" "%RD_DIR%\%OP%.lst" >nul 2>&1
call :good restored
exit /b 0
