;; # A function that is called by a pointer: sort and its like.
;; # jit entry again
;; # jit targets call: less
;;         larl  %r6,less
;;         larl  %r7,numbers
;;         lghi  %r8,3
;;         lghi  %r9,0
;; again:  lgf   %r2,0(%r7)
;;         lgf   %r3,4(%r7)
;; call:   basr  %r14,%r6
;;         agr   %r9,%r2
;;         la    %r7,4(%r7)
;;         brctg %r8,again
;;         svc   255
;; less:   cgrjl %r2,%r3,yes
;;         lghi  %r2,0
;;         br    %r14
;; yes:    lghi  %r2,1
;;         br    %r14
;;         .align 4
;; numbers: .long 7,8,3,9
;;
;; 64-bit mode, 12 guest instructions in 6 blocks, 800 bytes of WebAssembly

(module
  (import "env" "memory" (memory 1060 1060))
  (import "env" "conditionCode" (func $conditionCode (param i32 i32 i32 i64 i64 f64 f64) (result i32)))
  (func $region (export "region") (param $base i64) (result i32)
    (local $cc i32) (local $cc_kind i32) (local $cc_a32 i32) (local $cc_b32 i32) (local $cc_a64 i64) (local $cc_b64 i64) (local $cc_af64 f64)
    (local $cc_bf64 f64) (local $address i64) (local $end i32) (local $budget i32) (local $next i32) (local $count i32) (local $bank i32)
    (local $r7 i64) (local $t16 i64) (local $t17 i64) (local $t18 i32) (local $t19 i32) (local $t20 i32) (local $t21 i64) (local $r2 i64)
    (local $r3 i64) (local $r6 i64) (local $r14 i64) (local $t26 i64) (local $t27 i64) (local $t28 i64) (local $r9 i64) (local $t30 i64)
    (local $r8 i64) (local $t32 i32)

    ;; entry: budget, registers and condition code into locals
    (local.set $bank (i32.load (i32.const 2100)) (; BANK ;))
    (local.set $budget (i32.load (i32.const 2112)) (; BUDGET ;))
    (local.set $next (i32.const 1))
    (local.set $r7 (i64.load (i32.const 1080)) (; %r7 ;))
    (local.set $r2 (i64.load (i32.const 1040)) (; %r2 ;))
    (local.set $r3 (i64.load (i32.const 1048)) (; %r3 ;))
    (local.set $r6 (i64.load (i32.const 1072)) (; %r6 ;))
    (local.set $r14 (i64.load (i32.const 1136)) (; %r14 ;))
    (local.set $r9 (i64.load (i32.const 1096)) (; %r9 ;))
    (local.set $r8 (i64.load (i32.const 1088)) (; %r8 ;))
    (local.set $cc (i32.load (i32.const 2072)) (; CC ;))
    (block $to_store
      (block $to_exit
        (loop $loop_again
          (block $to_leave

            ;; 10014 again: lgf %r2,0(%r7)
            (local.set $t16 (local.get $r7))
            (local.set $t17 (local.get $t16))
            (local.set $t18 (i32.wrap_i64 (local.get $t17)))
            (local.set $t19 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t18) (i32.const 8)) (i32.const 16368))))
            (if (i64.lt_u (i64.sub (i64.load (local.get $t19)) (local.get $t17)) (i64.const -4093)) (then
              (local.set $end (i32.const 21))
              (br $to_leave)
            ) (else
              (local.set $t20 (i32.sub (i32.load offset=8 (local.get $t19)) (local.get $t18)))
            ))
            (local.set $t21 (i64.load32_s offset=12 (local.get $t20)))
            (local.set $r2 (local.get $t21))

            ;; 1001a: lgf %r3,4(%r7)
            (local.set $t21 (i64.add (local.get $r7) (i64.const 4)))
            (local.set $t17 (local.get $t21))
            (local.set $t20 (i32.wrap_i64 (local.get $t17)))
            (local.set $t19 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t20) (i32.const 8)) (i32.const 16368))))
            (if (i64.lt_u (i64.sub (i64.load (local.get $t19)) (local.get $t17)) (i64.const -4093)) (then
              (local.set $end (i32.const 27))
              (br $to_leave)
            ) (else
              (local.set $t18 (i32.sub (i32.load offset=8 (local.get $t19)) (local.get $t20)))
            ))
            (local.set $t16 (i64.load32_s offset=12 (local.get $t18)))
            (local.set $r3 (local.get $t16))

            ;; 10020 call: basr %r14,%r6
            (local.set $t16 (local.get $r6))
            (local.set $t17 (i64.add (local.get $base) (i64.const 34)))
            (local.set $r14 (local.get $t17))
            (local.set $t21 (local.get $t16))
            (if (i64.eq (local.get $t21) (i64.add (local.get $base) (i64.const 48))) (then
              (block $to_10022

                ;; 10030 less: cgrjl %r2,%r3,yes
                (local.set $t26 (local.get $r2))
                (local.set $t27 (local.get $r3))
                (if (i64.lt_s (local.get $t26) (local.get $t27)) (then

                  ;; 1003c yes: lghi %r2,1
                  (local.set $r2 (i64.const 1))

                  ;; 10040: br %r14
                  (local.set $t28 (local.get $r14))
                  (if (i64.eq (local.get $t28) (i64.add (local.get $base) (i64.const 34))) (then (br $to_10022)))
                  (local.set $address (local.get $t28))
                  (local.set $end (i32.const 0))
                  (br $to_store)
                  (unreachable)

                  ;; leave: where all exits of the block meet
                  (br $to_exit)
                ))

                ;; 10036: lghi %r2,0
                (local.set $r2 (i64.const 0))

                ;; 1003a: br %r14
                (local.set $t27 (local.get $r14))
                (if (i64.eq (local.get $t27) (i64.add (local.get $base) (i64.const 34))) (then (br $to_10022)))
                (local.set $address (local.get $t27))
                (local.set $end (i32.const 0))
                (br $to_store)
                (unreachable)

                ;; leave: where all exits of the block meet
                (br $to_exit)

                ;; leave: where all exits of the block meet
                (br $to_exit)
              )
              (block $to_leave'

                ;; 10022: agr %r9,%r2
                (local.set $t27 (local.get $r2))
                (local.set $t26 (local.get $r9))
                (local.set $t28 (i64.add (local.get $t26) (local.get $t27)))
                (local.set $r9 (local.get $t28))
                (local.set $t30 (local.get $t26))
                (local.set $cc_b64 (local.get $t27))
                (local.set $cc_a64 (local.get $t30))
                (local.set $cc_kind (i32.const 8))

                ;; 10026: la %r7,4(%r7)
                (local.set $t30 (i64.add (local.get $r7) (i64.const 4)))
                (local.set $r7 (local.get $t30))

                ;; 1002a: brctg %r8,again
                (local.set $t30 (i64.sub (local.get $r8) (i64.const 1)))
                (local.set $r8 (local.get $t30))
                (local.set $t18 (i64.ne (local.get $t30) (i64.const 0)))
                (if (local.get $t18) (then
                  (local.set $budget (i32.sub (local.get $budget) (i32.const 1)))
                  (if (i32.lt_s (local.get $budget) (i32.const 0)) (then
                    (local.set $end (i32.const 20))
                    (br $to_leave')
                  ))
                  (br $loop_again)
                ))
                (block $to_leave''

                  ;; 1002e: svc 255
                  (local.set $end (i32.const 46))
                  (br $to_leave'')
                  (unreachable)
                )

                ;; leave: where all exits of the block meet
                (br $to_exit)
              )

              ;; leave: where all exits of the block meet
              (br $to_exit)
            ))
            (i64.store (i32.const 2336) (i64.const 0x1400000020)) (; INDIRECT_SITE ;)
            (i64.store (i32.const 2344) (local.get $base)) (; INDIRECT_BASE ;)
            (i64.store (i32.const 2352) (local.get $t21)) (; INDIRECT_TARGET ;)
            (local.set $address (local.get $t21))
            (local.set $end (i32.const 0))
            (br $to_store)
            (unreachable)
          )

          ;; leave: where all exits of the block meet
          (br $to_exit)
        )
        (unreachable)
      )

      ;; exit: the instruction address
      (local.set $address (i64.add (local.get $base) (i64.extend_i32_s (i32.and (local.get $end) (i32.const -2)))))
    )

    ;; store: registers that were changed, condition code, instruction address and budget back into memory
    (i64.store (i32.const 1040) (local.get $r2)) (; %r2 ;)
    (i64.store (i32.const 1048) (local.get $r3)) (; %r3 ;)
    (i64.store (i32.const 1136) (local.get $r14)) (; %r14 ;)
    (i64.store (i32.const 1096) (local.get $r9)) (; %r9 ;)
    (i64.store (i32.const 1080) (local.get $r7)) (; %r7 ;)
    (i64.store (i32.const 1088) (local.get $r8)) (; %r8 ;)
    (if (local.get $cc_kind) (then
      (local.set $t32
        (call $conditionCode
          (local.get $cc_kind)
          (local.get $cc_a32)
          (local.get $cc_b32)
          (local.get $cc_a64)
          (local.get $cc_b64)
          (local.get $cc_af64)
          (local.get $cc_bf64)))
    ) (else
      (local.set $t32 (local.get $cc))
    ))
    (i32.store (i32.const 2072) (local.get $t32)) (; CC ;)
    (i64.store (i32.const 2064) (local.get $address)) (; PSW_ADDRESS ;)
    (i32.store (i32.const 2112) (local.get $budget)) (; BUDGET ;)
    (i32.and (local.get $end) (i32.const 1))
  )
)
