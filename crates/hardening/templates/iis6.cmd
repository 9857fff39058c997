rem ---- web service extensions of IIS 6 --------------------------------------------------------

:extension_get
rem EXTENSION is 1 allowed or 0 prohibited, from the line of the file in the extension list.
set "EXTENSION="
"%RD_CSCRIPT%" //nologo "%RD_IISEXT%" /ListFile >"%RD_DIR%\q.tmp" 2>nul
for /f "usebackq tokens=1,*" %%a in ("%RD_DIR%\q.tmp") do if /i "%%~nxb"=="%OP_FILE%" set "EXTENSION=%%a"
exit /b 0

:op_iis6_extension
if "%RD_MODE%"=="undo" goto :extension_undo
if "%RD_MODE%"=="verify" goto :extension_check
if exist "%RD_DIR%\%OP%.sav" goto :extension_set
call :extension_get
if not defined EXTENSION goto :save_failed
set "RG_STATE=present"
set "RG_TYPE="
set "RG_DATA=%EXTENSION%"
call :state_write %OP%
if errorlevel 1 goto :save_failed
:extension_set
"%RD_CSCRIPT%" //nologo "%RD_IISEXT%" /DisExt %OP_EXTENSION% >nul 2>&1
:extension_check
call :extension_get
if not defined EXTENSION goto :service_no_answer
if not "%EXTENSION%"=="0" call :bad extension-still-allowed
if not "%EXTENSION%"=="0" exit /b 1
call :good
exit /b 0
:extension_undo
call :state_read %OP%
if errorlevel 1 goto :undone_nothing
if "%SV_DATA%"=="1" "%RD_CSCRIPT%" //nologo "%RD_IISEXT%" /EnExt %OP_EXTENSION% >nul 2>&1
call :extension_get
if not "%EXTENSION%"=="%SV_DATA%" goto :undo_failed
del /q "%RD_DIR%\%OP%.sav" >nul 2>&1
call :good restored
exit /b 0
