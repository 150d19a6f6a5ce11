# What is installed where, and the Debian packages (docs/deploy.md). `./dev package` uses both.

include(GNUInstallDirs)
# Installing takes what was built: tests and the rest are not built for it.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)

set(package_dir ${PROJECT_BINARY_DIR}/package)
set(emulator_dir ${CMAKE_INSTALL_LIBEXECDIR}/gantry/${PROJECT_VERSION})

install(TARGETS gantry gantry-runtime DESTINATION ${CMAKE_INSTALL_BINDIR})
# A folder a version: containers keep the one that they were started with.
install(TARGETS gantry-x64 DESTINATION ${emulator_dir})
file(MAKE_DIRECTORY ${package_dir})
file(CREATE_LINK ../${emulator_dir}/gantry-x64 ${package_dir}/gantry-x64 SYMBOLIC)
install(FILES ${package_dir}/gantry-x64 DESTINATION ${CMAKE_INSTALL_BINDIR})

install(DIRECTORY ${PROJECT_SOURCE_DIR}/profiles/builtin/
        DESTINATION ${CMAKE_INSTALL_DATADIR}/gantry/profiles FILES_MATCHING PATTERN *.yaml)

install(FILES README.md docs/deploy.md docs/kubernetes.md docs/oci-runtime.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
foreach(folder podman docker containerd crio buildkit kubernetes ci)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/deploy/${folder}
          DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples USE_SOURCE_PERMISSIONS OPTIONAL)
endforeach()

# install_compressed(COMPONENT SOURCE DIRECTORY NAME): SOURCE as DIRECTORY/NAME.gz, the same bytes every time.
function(install_compressed component source directory name)
  find_program(GANTRY_GZIP gzip REQUIRED)
  execute_process(COMMAND ${GANTRY_GZIP} -9nc ${source} OUTPUT_FILE ${package_dir}/${name}.gz
                  COMMAND_ERROR_IS_FATAL ANY)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
  install(FILES ${package_dir}/${name}.gz DESTINATION ${directory} COMPONENT ${component})
endfunction()

# `gantry completion` writes them; a foreign one runs in the QEMU of cross builds.
set(completions_bash bash-completion/completions/gantry)
set(completions_fish fish/vendor_completions.d/gantry.fish)
set(completions_zsh zsh/site-functions/_gantry)
foreach(shell bash fish zsh)
  set(script ${package_dir}/completions/${completions_${shell}})
  get_filename_component(folder ${script} DIRECTORY)
  file(MAKE_DIRECTORY ${folder})
  add_custom_command(OUTPUT ${script} COMMAND gantry completion ${shell} > ${script} DEPENDS gantry VERBATIM)
  list(APPEND completions ${script})
endforeach()
add_custom_target(completions ALL DEPENDS ${completions})
install(DIRECTORY ${package_dir}/completions/ DESTINATION ${CMAKE_INSTALL_DATADIR}
        PATTERN zsh EXCLUDE)
install(FILES ${package_dir}/completions/${completions_zsh} COMPONENT tarball
        DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)

file(GLOB pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/man/*.[1-8])
foreach(page ${pages})
  get_filename_component(name ${page} NAME)
  string(REGEX REPLACE ".*\\." "" section ${name})
  install_compressed(Unspecified ${page} ${CMAKE_INSTALL_MANDIR}/man${section} ${name})
endforeach()

# The Debian package.

set(debian ${PROJECT_SOURCE_DIR}/deploy/debian)
set(debian_arch_aarch64 arm64)
set(debian_arch_riscv64 riscv64)
set(debian_arch_loongarch64 loong64)

install_compressed(debian ${debian}/changelog ${CMAKE_INSTALL_DOCDIR} changelog.Debian)
install(FILES ${package_dir}/completions/${completions_zsh} COMPONENT debian
        DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
# systemd-binfmt reads it: Debian's systemd is triggered by files that come to or leave this folder.
configure_file(${PROJECT_SOURCE_DIR}/deploy/binfmt.d/gantry.conf.in ${package_dir}/gantry.conf @ONLY)
install(FILES ${package_dir}/gantry.conf DESTINATION lib/binfmt.d COMPONENT debian)
install(FILES ${debian}/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT debian)
install(FILES ${debian}/lintian-overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides
        RENAME gantry COMPONENT debian)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_CONTACT "The Gantry authors <gantry@gantry.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "x86-64 container images on this machine's engine")
set(CPACK_PACKAGE_DESCRIPTION [[
An OCI runtime that stands beside runc and crun. It puts an x86-64 user-mode
emulator into the containers of linux/amd64 images, for podman, Docker,
containerd, CRI-O and Kubernetes. Nothing in the image is changed; containers
of this machine's own architecture pass through as they are.
.
"gantry install" enables it for the engines of this machine, "gantry doctor"
examines them.]])
set(CPACK_INSTALL_CMAKE_PROJECTS
    "${PROJECT_BINARY_DIR};gantry;Unspecified;/;${PROJECT_BINARY_DIR};gantry;debian;/")
set(CPACK_STRIP_FILES OFF)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE ${debian_arch_${GANTRY_ARCH}})
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "crun | runc")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "podman, containerd, docker.io, cri-o, systemd")
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${debian}/prerm ${debian}/postrm)
# gantry-dbgsym: symbols and lines, which debuggers find by build id.
set(CPACK_DEBIAN_DEBUGINFO_PACKAGE ON)
find_program(GANTRY_OBJCOPY NAMES llvm-objcopy-19 llvm-objcopy REQUIRED)
set(CPACK_OBJCOPY_EXECUTABLE ${GANTRY_OBJCOPY})
include(CPack)
